// What a window keeps of the values that reach one aggregate, in the general form: any type of
// value, mergeable, any order of arrival. Values are never null here: nulls and rows that an
// aggregate's `where` refuses are dropped before. Aggregates of numbers over the common windows
// have a faster form (`codegen`); this one is the rule for all others.
import type { Value } from '../../../kernel/types/field-type.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';

/** Where a record stands among records of its key: (event time, id, arrival). */
export interface RecordPlace {
  readonly ts: number;
  /** The stream's tie-breaking id; null when it has none. */
  readonly id: Value;
  /** Grows with every record that the operator takes. */
  readonly order: number;
}

/** The result of a sum that its type cannot hold. */
export const overflow: unique symbol = Symbol('overflow');

/** Why an aggregate that a user wrote has no value. Thrown only between its functions and their caller. */
export class AggregateFailure {
  readonly code: AggregateFailureCode;
  readonly message: string;

  constructor(code: AggregateFailureCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

type AggregateFailureCode = 'MR_DATA_AGGREGATE_THROWN' | 'MR_DATA_AGGREGATE_VALUE';

export type Result = Value | typeof overflow | AggregateFailure;

export interface Accumulator<S = unknown> {
  create(): S;
  add(state: S, value: Value, place: RecordPlace): void;
  /** Associative and commutative. `from` stays as it is. */
  merge(into: S, from: S): void;
  /** Takes away what was merged before; only where that is exact. */
  unmerge?(into: S, from: S): void;
  result(state: S): Result;
  /** Empties a state so that it can be used again. */
  reset?(state: S): void;
  /** Writes a state; `read` gives one that goes on to the same bits. */
  write(state: S, to: StateWriter): void;
  read(from: StateReader): S;
  /** About what a state costs in memory. */
  bytesOf(state: S): number;
}

/** State grows with the records of the window. */
export interface RunningAccumulator<S = unknown> {
  create(): S;
  add(state: S, value: Value, place: RecordPlace): void;
  /** Takes away the earliest record that is in. */
  removeFirst(state: S, value: Value, place: RecordPlace): void;
  result(state: S): Result;
}

/** Negative, zero or positive: (event time, id, arrival). */
export function comparePlaces(a: RecordPlace, b: RecordPlace): number {
  if (a.ts !== b.ts) return a.ts - b.ts;
  return compareIds(a.id, b.id) || a.order - b.order;
}

/** Null first, numbers by value, text by UTF-8 bytes. */
export function compareIds(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return compareNumbers(a as number | bigint, b as number | bigint);
}

/** NaN is above every number. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** The order of UTF-8 bytes, which is that of code points: surrogates come after the rest. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return aboveSurrogates(x) - aboveSurrogates(y);
  }
  return a.length - b.length;
}

function aboveSurrogates(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
