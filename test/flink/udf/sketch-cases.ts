// Values from a seed, and what the engine's sketches make of them: as one line a case, which the Java
// functions read in tests of their own. Columns: name, function, type, values, bytes, results.
import { columnForField, ensureRows } from '../../../src/columns/column-builder.ts';
import { putValue } from '../../../src/columns/put-value.ts';
import { stageHashes } from '../../../src/engine/operators/stage-columns.ts';
import { comparatorOf } from '../../../src/engine/state/accumulators/ordered.ts';
import { approxDistinctAccumulator } from '../../../src/engine/state/accumulators/sketched.ts';
import { type Random, seededRandom } from '../../../src/kernel/random.ts';
import { type FieldType, formatType, type Value } from '../../../src/kernel/types/field-type.ts';
import { DdSketch } from '../../../src/sketch/dd-sketch.ts';
import { FrequentValues } from '../../../src/sketch/frequent-values.ts';
import { HyperLogLog } from '../../../src/sketch/hyper-log-log.ts';
import type { SketchValue } from '../../../src/sketch/sketch-bytes.ts';

export interface SketchCase {
  readonly name: string;
  readonly fn: 'approxDistinct' | 'quantile' | 'topK';
  readonly type: FieldType;
  readonly values: readonly Value[];
  /** The place of the first value: its record's event time and id. Default 0. */
  readonly first?: number;
}

export type AnySketch = HyperLogLog | DdSketch | FrequentValues;

/** The shares that quantiles are asked for. */
const shares = [0, 0.25, 0.5, 0.95, 1];
const place = { ts: 0, id: null, order: 0 };

/** Sketch of the boxed values, as windows without a staged form make it. */
export function sketchOf({ fn, values, first = 0 }: SketchCase): AnySketch {
  if (fn === 'topK') {
    const sketch = new FrequentValues();
    for (const [i, value] of values.entries()) {
      if (value !== null) sketch.add(value as SketchValue, first + i, first + i);
    }
    return sketch;
  }
  const known = values.filter((value) => value !== null);
  if (fn === 'quantile') {
    const sketch = new DdSketch();
    for (const value of known) sketch.add(Number(value));
    return sketch;
  }
  const sketch = approxDistinctAccumulator.create();
  for (const value of known) approxDistinctAccumulator.add(sketch, value, place);
  return sketch;
}

/** The same from a column, as windows with hashes make it. */
export function stagedSketchOf({ type, values }: SketchCase): HyperLogLog {
  const field = { name: 'x', type, nullable: true };
  const column = columnForField(field);
  ensureRows(column, values.length);
  for (const [row, value] of values.entries()) putValue(column, type, row, value);
  const hashes = new Float64Array(values.length);
  const selected = Int32Array.from(values.keys());
  stageHashes(column, field, hashes, { selected, count: values.length, first: 0 });
  const sketch = new HyperLogLog();
  for (const [row, value] of values.entries()) if (value !== null) sketch.add(hashes[row] ?? 0);
  return sketch;
}

/** What a sketch answers: the estimate, the quantiles, or the five most frequent values. */
export function answersOf(sketch: AnySketch, type: FieldType): string {
  if (sketch instanceof HyperLogLog) return doubleBits(sketch.estimate());
  if (sketch instanceof DdSketch) {
    const answers = shares.map((q) => sketch.quantile(q));
    return answers.map((answer) => (answer === null ? 'null' : doubleBits(answer))).join(' ');
  }
  // Doubles are written otherwise in Java; their bytes are compared.
  if (type.kind.startsWith('float')) return '-';
  const top = sketch.top(5, comparatorOf(type)).map(({ value }) => String(value));
  return Buffer.from(top.join(' ')).toString('base64');
}

export function caseLine(one: SketchCase): string {
  const sketch = sketchOf(one);
  const values = one.values.map((value) => (value === null ? 'null' : encoded(value)));
  const columns = [
    one.name,
    one.fn,
    formatType(one.type),
    values.join(' '),
    Buffer.from(sketch.toBytes()).toString('base64'),
    answersOf(sketch, one.type),
  ];
  return `${columns.join('\t')}\n`;
}

function encoded(value: Exclude<Value, null>): string {
  if (typeof value === 'number') return doubleBits(value);
  if (typeof value === 'string') return `'${Buffer.from(value).toString('base64')}`;
  if (value instanceof Uint8Array) return `'${Buffer.from(value).toString('base64')}`;
  return String(value as bigint | boolean);
}

/** The bits of a double as a number in hexadecimal. */
function doubleBits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

type Draw = (random: Random) => Value;

const words = ['', 'a', 'größer', '日本語', '😀 ok', 'it’s', '0', 'null', 'user_1'];
const rareDoubles = [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -1e-310, 2 ** -1022, 1e308];
const whole = (random: Random, span: number): number => Math.floor(random.next() * span);

/** A value of each type; the rare ones often. */
const draws: readonly (readonly [FieldType, Draw])[] = [
  [{ kind: 'int32' }, (r) => whole(r, 2 ** 32) - 2 ** 31],
  [{ kind: 'int64' }, (r) => BigInt.asIntN(64, (BigInt(whole(r, 2 ** 53)) << 11n) ^ 0x7ffn)],
  [{ kind: 'count' }, (r) => whole(r, 2 ** 53)],
  [{ kind: 'float64' }, anyDouble],
  [{ kind: 'float32' }, (r) => Math.fround(anyDouble(r) as number)],
  [{ kind: 'string' }, (r) => (r.next() < 0.2 ? '' : text(r) + String(whole(r, 1e6)))],
  [{ kind: 'bool' }, (r) => r.next() < 0.5],
  [{ kind: 'decimal', precision: 12, scale: 3 }, (r) => decimal(r, 9, 3)],
  [{ kind: 'decimal', precision: 38, scale: 20 }, (r) => decimal(r, 18, 20)],
  [{ kind: 'decimal', precision: 18, scale: 0 }, (r) => decimal(r, 15, 0)],
  [{ kind: 'timestamp' }, (r) => whole(r, 4e12) - 1e12],
  [{ kind: 'date' }, (r) => new Date(whole(r, 4e12) - 1e12).toISOString().slice(0, 10)],
  [{ kind: 'bytes' }, (r) => Uint8Array.from({ length: whole(r, 9) }, () => whole(r, 256))],
];

function anyDouble(random: Random): Value {
  if (random.next() < 0.2) return rareDoubles[whole(random, rareDoubles.length)] as number;
  return (random.next() - 0.5) * 10 ** (whole(random, 600) / 10 - 20);
}

function text(random: Random): string {
  return `${words[whole(random, words.length)]}${words[whole(random, words.length)]}`;
}

function decimal(random: Random, digits: number, scale: number): string {
  const part = (length: number): string => Array.from({ length }, () => whole(random, 10)).join('');
  const before = BigInt(part(digits)).toString();
  const after = scale === 0 ? '' : `.${part(scale)}`;
  const isZero = !/[1-9]/.test(before + after);
  return `${random.next() < 0.5 && !isZero ? '-' : ''}${before}${after}`;
}

/** Few and many values of every type, some null, some several times. */
export function sketchCases(seed: number): readonly SketchCase[] {
  const random = seededRandom(seed);
  const drawn = (draw: Draw, count: number): readonly Value[] => {
    const values: Value[] = [];
    for (let i = 0; i < count; i++) {
      const isAgain = values.length > 0 && random.next() < 0.1;
      const again = values[whole(random, values.length)] ?? null;
      values.push(random.next() < 0.05 ? null : isAgain ? again : draw(random));
    }
    return values;
  };
  const few = draws.map(([type, draw]): SketchCase => {
    const name = `few of ${formatType(type)}`;
    return { name, fn: 'approxDistinct', type, values: drawn(draw, 40) };
  });
  const float64: FieldType = { kind: 'float64' };
  const int64: FieldType = { kind: 'int64' };
  const ids: Draw = (r) => BigInt(whole(r, 2 ** 40));
  const name: Draw = (r) =>
    r.next() < 0.1 ? `hot_${whole(r, 3)}` : whole(r, 2 ** 30).toString(36);
  const of = (fn: SketchCase['fn'], name: string, type: FieldType, values: readonly Value[]) => ({
    name,
    fn,
    type,
    values,
  });
  return [
    of('approxDistinct', 'nothing', float64, []),
    of('quantile', 'nothing', float64, [null]),
    ...few,
    of('approxDistinct', 'about as many as are exact', int64, drawn(ids, 590)),
    of('approxDistinct', 'many', int64, drawn(ids, 1500)),
    ...draws
      .filter(([{ kind }]) => !['count', 'timestamp', 'bytes'].includes(kind))
      .map(([type, draw]) => {
        const often: Draw = (r) => (r.next() < 0.5 ? draw(r) : draw(seededRandom(whole(r, 4))));
        return of('topK', `often ${formatType(type)}`, type, drawn(often, 40));
      }),
    of('topK', 'more than are counted', { kind: 'string' }, drawn(name, 1400)),
    of('quantile', 'any doubles', float64, drawn(anyDouble, 400)),
    of(
      'quantile',
      'amounts',
      float64,
      drawn((r) => whole(r, 1e5) / 100, 900),
    ),
    of('quantile', 'near powers of the base', float64, drawn(nearBound, 300)),
    of(
      'quantile',
      'integers',
      { kind: 'int32' },
      drawn((r) => whole(r, 2000) - 700, 200),
    ),
    of('quantile', 'wide integers', int64, drawn(draws[1]?.[1] as Draw, 200)),
  ];
}

/** Around the bounds of bins, where the last bit of a logarithm decides. */
function nearBound(random: Random): Value {
  const bound = (1.01 / 0.99) ** (whole(random, 400) - 200);
  return bound * (1 + (whole(random, 9) - 4) * Number.EPSILON);
}
