import { describe, expect, it } from 'vitest';
import type { Field } from '../../kernel/types/field-type.ts';
import type { FeatureNode, ViewNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import { runOperator, type ViewRow } from '../../testing/operator-runner.ts';
import { deliver, type DeliveryStep } from '../../testing/oracle/delivery.ts';
import {
  callNode,
  columnNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../testing/plan-nodes.ts';
import { runPlan } from '../../testing/plan-runner.ts';
import { ThrashResidence } from '../../testing/thrash-residence.ts';
import { ViewOperator } from './view-operator.ts';

const fields: readonly Field[] = [
  { name: 'k', type: { kind: 'string' }, nullable: true },
  { name: 'x', type: { kind: 'float64' }, nullable: true },
  { name: 'n', type: { kind: 'int64' }, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const [, x, n] = fields as [Field, Field, Field, Field];

const rolling = (sizeMs: number, resolutionMs: number | null = null): WindowNode => ({
  kind: 'rolling',
  sizeMs,
  resolutionMs,
});
const tumbling = (sizeMs: number): WindowNode => ({
  kind: 'tumbling',
  sizeMs,
  offsetMs: 0,
  serve: 'complete',
  allowedLatenessMs: 0,
});
const sum = (name: string, window: WindowNode): FeatureNode =>
  featureNode(name, { fn: 'sum', input: columnNode(x), window });

interface Setting {
  readonly emit?: ViewNode['emit'];
  readonly decayMs?: ViewNode['decayMs'];
  readonly delay?: number;
  readonly ended?: boolean;
}

type Row = readonly [ts: number, x: number | null, key?: string | null, n?: bigint, split?: number];

function run(features: readonly FeatureNode[], rows: readonly Row[], setting: Setting = {}) {
  const plan = singleViewPlan({
    fields,
    eventTime: { field: 'ts', outOfOrdernessMs: setting.delay ?? 0 },
    key: ['k'],
    features,
    emit: setting.emit ?? 'arrival',
    decayMs: setting.decayMs ?? null,
  });
  const steps: readonly DeliveryStep[] = deliver(
    rows.map(([ts, value, k = 'a', whole = 0n, split = 0], offset) => ({
      split,
      offset,
      row: { k, x: value, n: whole, ts },
      arrivalMs: 0,
    })),
    { ended: setting.ended ?? true },
  );
  const create = (
    context: ConstructorParameters<typeof ViewOperator>[0]['context'],
    view: ViewNode,
  ) => new ViewOperator({ plan, view, context });
  const result = runOperator({ plan, view: 'view', steps, create });
  const thrashed = runPlan({
    ...{ plan, view: 'view', steps, batchSize: 1 },
    residence: (images) => new ThrashResidence(images),
  });
  // Rows of one instant may come in another order of keys.
  expect(byKey(thrashed.vectors)).toStrictEqual(byKey(result.vectors));
  return {
    ...result,
    rows: result.vectors.map((v) => [v.asOfMs, v.seq, ...Object.values(v.values)]),
  };
}

function byKey(rows: readonly ViewRow[]): Map<unknown, ViewRow[]> {
  const keys = [...new Set(rows.map(({ key }) => String(key['k'])))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  return new Map(keys.map((k) => [k, rows.filter(({ key }) => String(key['k']) === k)]));
}

describe('a key of a megabyte', () => {
  it('makes its record an error and no state', () => {
    const rows: Row[] = [
      [1000, 1],
      [1001, 2, 'k'.repeat(1 << 20)],
      [1002, 4],
    ];
    const { errors, stats, rows: out } = run([sum('s', rolling(100))], rows);
    expect(errors.map(({ code, offset }) => [code, offset])).toEqual([['MR_DATA_KEY_TOO_LONG', 1]]);
    expect(stats).toMatchObject({ entities: 1, failedRecords: 1 });
    expect(out.at(-1)).toEqual([1002, 2, 5]);
  });
});

describe('records of one instant', () => {
  it('are told apart by arrival also where some came after a first window was over', () => {
    const window: WindowNode = { ...tumbling(4), kind: 'hopping', everyMs: 2 } as WindowNode;
    const ends = (['first', 'last'] as const).map((fn) =>
      featureNode(fn, { fn, input: columnNode(x), window }),
    );
    const rows: Row[] = [
      [1003, 1],
      [1003, 2],
      [1005, 3, 'b'],
    ];
    const { vectors } = run(ends, rows, { emit: 'watermark' });
    const shown = vectors.filter(({ key }) => key['k'] === 'a').map(({ values }) => values);
    expect(shown).toEqual([
      { first: 1, last: 1 },
      { first: 1, last: 2 },
    ]);
  });
});

describe('a late record of an OVER window', () => {
  it('finds every kind of window empty after clean-up, also of a key that has left memory', () => {
    const exact = { fn: 'sum', input: columnNode(n) } as const;
    const distinct = { fn: 'countDistinct', input: columnNode(n) } as const;
    const features = [
      sum('loop', rolling(100)),
      featureNode('records', { ...exact, window: rolling(100) }),
      sum('ring', rolling(100, 50)),
      featureNode('slots', { ...distinct, window: rolling(100, 50) }),
      sum('all', { kind: 'lifetime' }),
    ];
    const rows: Row[] = [
      [1000, 1, 'a', 1n],
      [1300, 2, 'b', 2n],
      [950, 4, 'a', 4n],
    ];
    const { rows: made } = run(features, rows, { emit: 'watermark' });
    expect(made.filter(([, seq]) => seq === 2)).toEqual([[1000, 2, 4, 4n, 4, 1, 1]]);
  });

  it('is accepted after clean-up, and sees an empty buffer', () => {
    const rows: Row[] = [
      [1000, 1],
      [1300, 2, 'b'],
      [900, 4],
      [1400, 8, 'b'],
    ];
    const { rows: out, stats } = run([sum('s', rolling(100))], rows, { emit: 'watermark' });
    expect(out).toContainEqual([900, 1, 4]);
    expect(stats.lateRecords).toBe(0);
  });

  it('is skipped at or before the last fired timer of its key', () => {
    const rows: Row[] = [
      [1000, 1],
      [1001, 2, 'b'],
      [1000, 4],
    ];
    const { late, stats } = run([sum('s', rolling(100))], rows, { emit: 'watermark' });
    expect(late).toEqual([{ split: 0, offset: 2, features: ['s'] }]);
    expect(stats.lateByFeature).toEqual({ s: 1 });
  });
});

describe('a session', () => {
  it('does not count in an older session that is over, though a merged one begins before that', () => {
    const session: WindowNode = { kind: 'session', gapMs: 2 };
    // The second record finds [1000, 1002) over; the third reaches back before it.
    const { rows } = run(
      [sum('s', session)],
      [
        [1000, 1],
        [1001, 2, 'b'],
        [1001, 4],
        [999, 8],
        [1001, 16],
      ],
    );
    const own = rows.filter(([asOf]) => (asOf as number) >= 1001);
    expect(own).toContainEqual([1001, 4, 1]);
    expect(own).toContainEqual([1002, 4, 28]);
  });

  it('merges with those it touches', () => {
    const session: WindowNode = { kind: 'session', gapMs: 10 };
    const { rows } = run(
      [sum('s', session)],
      [
        [100, 1],
        [120, 2],
        [110, 4],
      ],
      { delay: 50 },
    );
    expect(rows.at(-1)).toEqual([129, 3, 7]);
  });
});

describe('decay', () => {
  it('forgets a key whose last timer passes between a batch and its next record', () => {
    const { rows } = run(
      [sum('s', rolling(100))],
      [
        [1400, 0, 'b'],
        [1350, 0],
        [2900, 0, 'b', 0n, 1],
        [1900, 0, 'b'],
        [2850, 0, 'b', 0n, 1],
        [3000, 0, 'b'],
        [3000, 1],
      ],
      { emit: 'watermark', decayMs: 1250 },
    );
    expect(rows).toContainEqual([3000, 1, 1]);
  });

  it('forgets a key whose timer of decay went when another window emptied', () => {
    const { rows } = run(
      [sum('r', rolling(6)), sum('t', tumbling(8))],
      [
        [1065, 0, 'b'],
        [1047, 1],
        [1070, 0, 'b'],
        [1125, 2],
        [1155, 0, 'b'],
        [1164, 3],
      ],
      { decayMs: 1000, ended: false },
    );
    expect(rows.filter(([asOf]) => asOf === 1164).map(([, seq]) => seq)).toEqual([1]);
  });

  it('shows the value again when records have left, then forgets the key', () => {
    const features = [sum('s', rolling(100))];
    const rows: Row[] = [
      [1000, 1],
      [1050, 2],
      [2000, 4, 'b'],
    ];
    const { rows: out, stats } = run(features, rows, { decayMs: 20, ended: false });
    expect(out).toEqual([
      [1000, 1, 1],
      [1050, 2, 3],
      [2000, 1, 4],
      [1120, 2, 2],
      [1160, 2, null],
    ]);
    expect(stats.entities).toBe(1);
  });
});

describe('the end of bounded input', () => {
  it('fires windows that hold data, leaves rolling values, and never empties', () => {
    const features = [sum('r', rolling(10)), sum('t', tumbling(100))];
    const { rows } = run(
      features,
      [
        [110, 1],
        [230, 2],
      ],
      { decayMs: 5, delay: 1000 },
    );
    expect(rows).toEqual([
      [110, 1, 1, null],
      [230, 2, 2, 1],
      [299, 2, 2, 2],
    ]);
  });
});

describe('emptying', () => {
  it('gives one row when a window passes without data', () => {
    const { rows } = run(
      [sum('t', tumbling(100))],
      [
        [110, 1],
        [450, 2, 'b'],
      ],
      { ended: false },
    );
    expect(rows).toEqual([
      [110, 1, null],
      [450, 1, null],
      [199, 1, 1],
      [299, 1, null],
    ]);
  });
});

describe('sums', () => {
  it('recover digits after a great value has left the window', () => {
    const rows: Row[] = [
      [0, 1e300],
      [1, 1e284],
      [2, 1],
      [3, 0.5],
      [12, 0.25],
    ];
    const { rows: out } = run([sum('s', rolling(10))], rows, { ended: false });
    expect(out.at(-1)).toEqual([12, 5, 1 + 0.5 + 0.25]);
  });

  it('are NaN only while a NaN or both infinities are in the window', () => {
    const rows: Row[] = [
      [0, Number.POSITIVE_INFINITY],
      [1, Number.NEGATIVE_INFINITY],
      [12, 3],
    ];
    const { rows: out } = run([sum('s', rolling(10))], rows, { ended: false });
    expect(out.map((row) => row[2])).toEqual([Number.POSITIVE_INFINITY, Number.NaN, 3]);
  });

  it('of integers that do not fit are null, and the record is an error', () => {
    const total = featureNode('s', { fn: 'sum', input: columnNode(n), window: rolling(10) });
    const great = 2n ** 62n;
    const rows: Row[] = [
      [0, 0, 'a', great],
      [1, 0, 'a', great],
      [11, 0, 'a', 5n],
    ];
    const { rows: out, errors } = run([total], rows, { ended: false });
    expect(out.map((row) => row[2])).toEqual([great, null, great + 5n]);
    expect(errors.map(({ code, offset }) => [code, offset])).toEqual([['MR_DATA_OVERFLOW', 1]]);
  });
});

describe('a derived feature that overflows', () => {
  it('is null in that row, and in none of those that come after it', () => {
    const events = featureNode('events', { fn: 'count', window: { kind: 'lifetime' } });
    const large = literalNode(4_600_000_000_000_000_000n, { kind: 'int64' });
    const value = callNode('times', columnNode(events), large);
    const { type, nullable } = value;
    const plan = singleViewPlan({
      fields,
      eventTime: { field: 'ts' },
      key: ['k'],
      features: [events],
      derived: [{ kind: 'derived', name: 'product', type, nullable, value }],
    });
    const keys = ['a', 'a', 'a', 'b', 'c', 'd'];
    const steps = deliver(
      keys.map((k, offset) => ({
        split: 0,
        offset,
        row: { k, x: 1, n: 0n, ts: offset },
        arrivalMs: 0,
      })),
      { ended: true },
    );
    const { vectors } = runOperator({
      ...{ plan, view: 'view', steps, batchSize: 3 },
      create: (context, view) => new ViewOperator({ plan, view, context }),
    });
    const once = 4_600_000_000_000_000_000n;
    expect(vectors.map(({ values }) => values['product'])).toEqual([
      once,
      2n * once,
      null,
      once,
      once,
      once,
    ]);
  });
});
