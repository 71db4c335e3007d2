// Aggregates that users wrote. Their functions are called here and nowhere else in the engine: what
// they throw and what they give wrong becomes a failure in the state, never an exception. States are
// copied wherever a function could keep hold of another one, and are written by their schema.
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import { literalFits } from '../../../plan/literal-fits.ts';
import {
  type AggregateCode,
  type AggregateState,
  codeOf,
  type UserAggregateNode,
} from '../../../plan/user-aggregate.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { type Accumulator, AggregateFailure } from './accumulator.ts';
import { boxBytes, valueBytes } from './places.ts';

/** Without a state: nothing was added yet. With a failure: it has no value any more. */
interface Held {
  state: AggregateState | null;
  failure: AggregateFailure | null;
}

const tags = { empty: 0, state: 1, failed: 2 } as const;
const failureCodes = ['MR_DATA_AGGREGATE_THROWN', 'MR_DATA_AGGREGATE_VALUE'] as const;

/** `refuse` is told of a record that a function does not take. */
export function userAccumulator(
  node: UserAggregateNode,
  refuse: (failure: AggregateFailure) => void,
): Accumulator<Held> {
  const code = codeOf(node) ?? missing;
  const fresh = (): AggregateState => checked(node, 'create', copyOf(code.create() as Value));
  return {
    create: () => ({ state: null, failure: null }),
    add: (held, value, { ts }) => {
      if (held.failure !== null) return;
      held.failure = attempt(node, 'add', () => {
        const state = held.state ?? fresh();
        held.state = checked(node, 'add', code.add(state, copyOf(value), ts) ?? state);
      });
      if (held.failure !== null) refuse(held.failure);
    },
    merge: (into, from) => {
      into.failure ??= from.failure;
      const other = from.state;
      if (into.failure !== null || other === null) return;
      const copy = copyOf(other) as AggregateState;
      const known = into.state;
      if (known === null) into.state = copy;
      else {
        into.failure = attempt(node, 'merge', () => {
          into.state = checked(node, 'merge', code.merge(known, copy) ?? known);
        });
      }
    },
    result: ({ state, failure }) => {
      if (failure !== null) return failure;
      let result: Value = null;
      const failed = attempt(node, 'result', () => {
        result = resultOf(node, code.result(copyOf(state ?? fresh()) as AggregateState));
      });
      return failed ?? result;
    },
    write: (held, to) => writeHeld(node, held, to),
    read: (from) => readHeld(node, from),
    bytesOf: ({ state }) => boxBytes * 2 + valueBytes(state ?? undefined),
  };
}

/** Of a plan that nobody linked: its states can be read and written, and nothing else. */
const missing: AggregateCode = {
  create: () => notHere(),
  add: () => notHere(),
  merge: () => notHere(),
  result: () => notHere(),
  module: null,
  texts: [],
};

function notHere(): never {
  throw new Error('its functions are not here');
}

/** Runs a function of a user: what it throws is the failure. */
function attempt(node: UserAggregateNode, name: string, step: () => void): AggregateFailure | null {
  try {
    step();
    return null;
  } catch (error) {
    if (error instanceof AggregateFailure) return error;
    const message = `${name} of ${node.name} threw: ${textOf(error)}`;
    return new AggregateFailure('MR_DATA_AGGREGATE_THROWN', message);
  }
}

/** Whatever was thrown as text; a text of its own making may throw again. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something without a text';
  }
}

/** The state when it fits the schema: every field, and no other. */
function checked(node: UserAggregateNode, name: string, state: unknown): AggregateState {
  const wrong = (what: string): AggregateFailure =>
    new AggregateFailure('MR_DATA_AGGREGATE_VALUE', `${name} of ${node.name} gave ${what}`);
  if (typeof state !== 'object' || state === null || Array.isArray(state)) {
    throw wrong(`${shown(state)}, which is no state`);
  }
  const given = state as AggregateState;
  for (const field of node.state) {
    const value = given[field.name];
    if (!fits(value, field))
      throw wrong(`"${field.name}" ${shown(value)}, which its schema refuses`);
  }
  let left = node.state.length;
  for (const key in given) {
    if (Object.hasOwn(given, key)) left -= 1;
  }
  if (left !== 0) throw wrong('a state with a field that its schema does not have');
  return given;
}

function fits(value: Value | undefined, { type, nullable }: Field): boolean {
  if (value === undefined) return false;
  return value === null ? nullable : literalFits(value, type);
}

function resultOf(node: UserAggregateNode, result: unknown): Value {
  if (result === null) return null;
  if (result !== undefined && literalFits(result as Value, node.returns)) {
    return copyOf(result as Value);
  }
  throw new AggregateFailure(
    'MR_DATA_AGGREGATE_VALUE',
    `result of ${node.name} is ${shown(result)}, which is no ${node.returns.kind}`,
  );
}

/** What a value is, without its content: records may hold what no log may. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : 'a number';
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

/** A copy that shares nothing that can change. */
function copyOf(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return (value as readonly Value[]).map(copyOf);
  const copy: AggregateState = {};
  for (const [name, part] of Object.entries(value)) copy[name] = copyOf(part);
  return copy;
}

function writeHeld(node: UserAggregateNode, { state, failure }: Held, to: StateWriter): void {
  if (failure !== null) {
    to.u8(tags.failed);
    to.u8(failureCodes.indexOf(failure.code));
    to.string(failure.message);
  } else if (state === null) to.u8(tags.empty);
  else {
    to.u8(tags.state);
    for (const { name } of node.state) to.value(state[name]);
  }
}

function readHeld(node: UserAggregateNode, from: StateReader): Held {
  const tag = from.u8();
  if (tag === tags.empty) return { state: null, failure: null };
  if (tag === tags.failed) {
    const code = failureCodes[from.u8()] ?? failureCodes[0];
    return { state: null, failure: new AggregateFailure(code, from.string()) };
  }
  const state: AggregateState = {};
  for (const { name } of node.state) state[name] = from.value() ?? null;
  return { state, failure: null };
}
