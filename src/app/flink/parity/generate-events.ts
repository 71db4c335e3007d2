// Events made up for a stream from a seed: out of order, late by a little and by a lot, on the borders of
// the definitions' windows, twice, with nulls, with empty texts, with fields that are missing, in several
// partitions. Values come from small pools with the literals of the definitions in them, so that filters
// let something through and keys meet again.
import { type Random, seededRandom } from '../../../kernel/random.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import type { Plan, StreamNode } from '../../../plan/plan.ts';
import { toJsonText } from '../../json-text.ts';
import { type ParityEvents, recordsOfLines } from './parity-events.ts';

/** How many events, and of which kind. */
export interface GenerateOptions {
  readonly plan: Plan;
  readonly stream: StreamNode;
  readonly count: number;
  readonly seed: number;
  readonly partitions: number;
}

const startMs = Date.UTC(2026, 0, 1, 9, 59, 30);

type Pools = ReadonlyMap<string, readonly Value[]>;

export function generateEvents(options: GenerateOptions): ParityEvents {
  const { stream, count, seed, partitions } = options;
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T =>
    values[Math.floor(random.next() * values.length)] as T;
  const lengths = lengthsOf(options.plan);
  const pools = poolsOf(stream, literalsOf(options.plan));
  const lines: { readonly split: number; readonly line: string }[] = [];
  let clockMs = startMs;
  for (let i = 0; i < count; i++) {
    const chance = random.next();
    const before = lines.at(-1 - Math.floor(random.next() * 8));
    if (chance < 0.04 && before !== undefined) {
      lines.push(before);
      continue;
    }
    clockMs = nextClock(clockMs, lengths, random);
    const ts = eventTime(clockMs, lengths, stream.eventTime.outOfOrdernessMs, random);
    const row = Object.fromEntries(
      stream.fields.flatMap((field) =>
        field.name === stream.eventTime.field
          ? random.next() < missing
            ? []
            : [[field.name, ts] as const]
          : valueOf(field, pools.get(field.name) ?? [], { pick, random }),
      ),
    );
    lines.push({ split: Math.floor(random.next() * partitions), line: toJsonText(row) });
  }
  const records = recordsOfLines(stream, lines, {});
  return { stream, records, splitCount: partitions, instants: 'ms' };
}

/** Mostly a fraction of the shortest window; now and then right onto a border, or a window further. */
function nextClock(nowMs: number, lengths: readonly number[], random: Random): number {
  const chance = random.next();
  const shortest = lengths[0] ?? 60_000;
  if (chance < 0.25) return nowMs;
  if (chance < 0.8) return nowMs + Math.ceil((shortest / 8) * random.next());
  const length = lengths[Math.floor(random.next() * lengths.length)] ?? shortest;
  if (chance < 0.9)
    return (Math.floor(nowMs / length) + 1) * length + Math.floor(random.next() * 3) - 1;
  if (chance < 0.97) return nowMs + Math.ceil(length * random.next());
  return nowMs + length;
}

function eventTime(
  clockMs: number,
  lengths: readonly number[],
  delayMs: number,
  random: Random,
): number {
  const chance = random.next();
  if (chance < 0.55) return clockMs;
  if (chance < 0.8) return clockMs - Math.floor(delayMs * random.next());
  if (chance < 0.88) return clockMs - delayMs - Math.floor(random.next() * 3) + 1;
  const length = lengths[Math.floor(random.next() * lengths.length)] ?? 60_000;
  if (chance < 0.94) return clockMs - Math.floor(length * random.next());
  return clockMs - delayMs - Math.floor(2 * length * random.next());
}

const longestMs = 40 * 86_400_000;

/** Lengths of the windows, in order. */
function lengthsOf({ views }: Plan): readonly number[] {
  const lengths = views
    .flatMap(({ features }) => features.flatMap(({ window }) => Object.entries(window)))
    .flatMap(([name, value]: [string, unknown]) =>
      ['sizeMs', 'everyMs', 'stepMs', 'gapMs'].includes(name) && typeof value === 'number'
        ? [Math.min(value, longestMs)]
        : [],
    );
  return lengths.length === 0 ? [60_000] : [...new Set(lengths)].toSorted((a, b) => a - b);
}

/** Constants of the definitions by the kind of their type. */
function literalsOf(plan: Plan): ReadonlyMap<string, readonly Value[]> {
  const found: { readonly kind: string; readonly value: Value }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('kind' in node && node.kind === 'literal' && 'value' in node && 'type' in node) {
      const { kind } = node.type as { readonly kind: string };
      if (node.value !== null) found.push({ kind, value: node.value as Value });
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(plan.views);
  const byKind = Map.groupBy(found, ({ kind }) => kind);
  return new Map(
    [...byKind].map(([kind, all]) => [kind, all.map(({ value }) => value).slice(0, 12)]),
  );
}

const texts: readonly Value[] = ['a', 'b', 'c', 'Äß', '', ' x ', 'A'];
const integers: readonly Value[] = [0, 1, -1, 2, 3, 7, 100, -50];
const numbers: readonly Value[] = [0, 0.5, 1, -1, 2.25, 19.99, 100, -3.1, 1000.01];
/** Flink's running sums keep what is left of great numbers that have gone: a difference by design. */
const floatMax = 10_000;
const dates: readonly Value[] = ['2026-01-01', '2024-02-29', '1969-12-31'];

function poolsOf(stream: StreamNode, literals: ReadonlyMap<string, readonly Value[]>): Pools {
  const of = (kind: string): readonly Value[] => literals.get(kind) ?? [];
  const wholes = [...of('int32'), ...of('int64')].map(Number);
  const floats = [...of('float64'), ...of('decimal')].map(Number);
  const pool = ({ type }: Field): readonly Value[] => {
    switch (type.kind) {
      case 'bool':
        return [true, false];
      case 'int32':
      case 'count':
        return [...integers, ...wholes.filter((n) => Math.abs(n) < 2 ** 31)];
      case 'int64':
        return [...integers, ...wholes, 9_007_199_254_740_993n].map((n) => BigInt(n as number));
      case 'float32':
        return [0, 0.5, 1, -1, 2.25, 100];
      case 'float64':
        return [...numbers, ...[...wholes, ...floats].filter((n) => Math.abs(n) <= floatMax)];
      case 'decimal':
        return [0, 1.5, -2.25, 19.75, 3].map((n) => n.toFixed(Math.min(type.scale, 2)));
      case 'date':
        return dates;
      case 'timestamp':
        return [0, startMs, startMs - 86_400_000, startMs + 1];
      case 'bytes':
        return ['', 'AQI=', '/w=='];
      case 'json':
        return ['{"a":1}', '[]'];
      case 'list':
        return [[]];
      case 'map':
        return [{}];
      case 'struct':
        return [];
      default:
        return [...texts, ...of('string')];
    }
  };
  return new Map(stream.fields.map((field) => [field.name, pool(field)]));
}

/** Share of records without a field that they must have. */
const missing = 0.005;

interface Chance {
  readonly pick: <T>(values: readonly T[]) => T;
  readonly random: Random;
}

/** A member of the record's object; none where the field is left out. */
function valueOf(
  field: Field,
  pool: readonly Value[],
  { pick, random }: Chance,
): readonly (readonly [name: string, value: Value])[] {
  const { name, nullable, type } = field;
  const chance = random.next();
  if (chance < (nullable ? 0.06 : missing)) return [];
  // Null in place of a default is a dead letter of the engine, and the default on Flink, by design.
  const isNull = field.default === undefined && chance < (nullable ? 0.12 : 2 * missing);
  if (isNull || pool.length === 0) return [[name, null]];
  const value = pick(pool);
  return [[name, type.kind === 'decimal' ? rawNumber(String(value)) : value]];
}

/** Decimals are numbers in JSON. */
function rawNumber(text: string): Value {
  return Number(text);
}
