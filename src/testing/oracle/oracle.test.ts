import { describe, expect, it } from 'vitest';
import type { Field } from '../../kernel/types/field-type.ts';
import type { ViewNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import {
  callNode,
  columnNode,
  type FeatureParts,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../plan-nodes.ts';
import { deliver, type DeliveryStep } from './delivery.ts';
import { runOracle } from './oracle.ts';

const x: Field = { name: 'x', type: { kind: 'float64' }, nullable: true };
const fields: readonly Field[] = [
  { name: 'k', type: { kind: 'string' }, nullable: true },
  x,
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];

interface Setting {
  readonly emit?: ViewNode['emit'];
  readonly decayMs?: ViewNode['decayMs'];
  readonly delay?: number;
  readonly fn?: FeatureParts['fn'];
  readonly ended?: boolean;
  readonly steps?: (rows: readonly DeliveryStep[]) => readonly DeliveryStep[];
}

const rolling = (sizeMs: number, resolutionMs: number | null = null): WindowNode => ({
  kind: 'rolling',
  sizeMs,
  resolutionMs,
});
const tumbling = (sizeMs: number, allowedLatenessMs = 0): WindowNode => ({
  kind: 'tumbling',
  sizeMs,
  offsetMs: 0,
  serve: 'complete',
  allowedLatenessMs,
});

/** Rows `[ts, x]` of one key; one feature per window. Result rows: `[as_of, seq, ...values]`. */
function run(
  windows: Readonly<Record<string, WindowNode>>,
  rows: readonly (readonly [number, number | null])[],
  setting: Setting = {},
) {
  const plan = singleViewPlan({
    fields,
    eventTime: { field: 'ts', outOfOrdernessMs: setting.delay ?? 0 },
    key: ['k'],
    features: Object.entries(windows).map(([name, window]) =>
      featureNode(name, { fn: setting.fn ?? 'sum', input: columnNode(x), window }),
    ),
    emit: setting.emit ?? 'arrival',
    decayMs: setting.decayMs ?? null,
  });
  const steps = deliver(
    rows.map(([ts, value], offset) => ({
      split: 0,
      offset,
      row: { k: 'a', x: value, ts },
      arrivalMs: 0,
    })),
    { ended: setting.ended ?? true },
  );
  const result = runOracle({ plan, view: 'view', steps: setting.steps?.(steps) ?? steps });
  return {
    rows: result.vectors.map((v) => [v.asOfMs, v.seq, ...Object.values(v.values)]),
    late: result.late,
    branches: result.branches,
  };
}

describe('a rolling window', () => {
  it('holds both of its ends and nothing outside', () => {
    const { rows } = run({ s: rolling(100) }, [
      [1000, 1],
      [1100, 2],
      [1101, 4],
    ]);
    expect(rows).toEqual([
      [1000, 1, 1],
      [1100, 2, 3],
      [1101, 3, 6],
    ]);
  });

  it('takes an out-of-order record that is still inside, evaluated at as_of', () => {
    const { rows, late } = run({ s: rolling(100) }, [
      [1000, 1],
      [900, 2],
      [899, 4],
    ]);
    expect(rows).toEqual([
      [1000, 1, 1],
      [1000, 2, 3],
    ]);
    expect(late).toEqual([{ split: 0, offset: 2, features: ['s'] }]);
  });

  it('with a resolution starts at a multiple of it', () => {
    const { rows } = run({ s: rolling(100, 50) }, [
      [1000, 1],
      [1149, 2],
      [1150, 4],
    ]);
    expect(rows).toEqual([
      [1000, 1, 1],
      [1149, 2, 3],
      [1150, 3, 6],
    ]);
  });

  it('decays at the next multiple of the interval after a record left', () => {
    const { rows } = run(
      { s: rolling(100) },
      [
        [1000, 1],
        [1050, 2],
        [1200, null],
      ],
      { decayMs: 40, ended: false },
    );
    // 1000 leaves at 1101 → 1120; 1050 leaves at 1151 → 1160: both come with the watermark 1200,
    // but the row of 1200 has been shown by then.
    expect(rows).toEqual([
      [1000, 1, 1],
      [1050, 2, 3],
      [1200, 3, null],
    ]);
  });

  it('decays before a record whose watermark passed the timer', () => {
    const { rows, branches } = run(
      { s: rolling(100) },
      [
        [1000, 1],
        [1050, 2],
      ],
      {
        decayMs: 40,
        steps: () =>
          (
            [
              ['a', 1000],
              ['a', 1050],
              ['b', 1130],
              ['b', 2000],
              ['b', 2001],
            ] as const
          ).map(([k, ts], offset) => ({
            kind: 'row',
            split: 0,
            offset,
            row: { k, x: 1, ts },
            arrivalMs: 0,
          })),
      },
    );
    expect(rows).toEqual([
      [1000, 1, 1],
      [1050, 2, 2],
      [1130, 1, 1],
      [1120, 2, 1],
      [2000, 2, 1],
      [1160, 2, null],
      [2001, 3, 2],
    ]);
    expect(branches.get('forgotten')).toBe(1);
  });

  it('in watermark mode gives one row per record in event time, equal times together', () => {
    const { rows } = run(
      { s: rolling(100) },
      [
        [1000, 1],
        [1050, 2],
        [1040, 4],
        [1050, 8],
      ],
      { emit: 'watermark', delay: 20 },
    );
    expect(rows).toEqual([
      [1000, 1, 1],
      [1040, 2, 5],
      [1050, 3, 15],
      [1050, 4, 15],
    ]);
  });
});

describe('a tumbling window', () => {
  it('is shown once it is complete, and empties when the next one stays empty', () => {
    const { rows, branches } = run({ s: tumbling(100) }, [
      [1010, 1],
      [1020, 2],
      [1350, 4],
      [1351, 8],
    ]);
    expect(rows).toEqual([
      [1010, 1, null],
      [1020, 2, null],
      [1350, 3, null],
      [1351, 4, null],
      [1399, 4, 12],
    ]);
    expect(branches.get('shown before firing')).toBe(2);
  });

  it('fires by the watermark of other keys, then empties', () => {
    const other = (ts: number, offset: number): DeliveryStep => ({
      kind: 'row',
      split: 0,
      offset,
      row: { k: 'b', x: 1, ts },
      arrivalMs: 0,
    });
    const { rows } = run({ s: tumbling(100) }, [[1010, 1]], {
      emit: 'watermark',
      steps: ([first]) => (first === undefined ? [] : [first, other(1099, 1), other(1350, 2)]),
    });
    expect(rows).toEqual([
      [1099, 1, 1],
      [1099, 1, 1],
      [1199, 1, null],
      [1199, 1, null],
    ]);
  });

  it('takes a late record within allowed lateness and makes a row at once', () => {
    const { rows, late } = run(
      { s: tumbling(100, 50) },
      [
        [1010, 1],
        [1120, 2],
        [1030, 4],
        [1149, 8],
        [1040, 16],
      ],
      { emit: 'watermark', ended: false },
    );
    expect(rows).toEqual([
      [1099, 1, 1],
      [1099, 2, 5],
    ]);
    expect(late).toEqual([{ split: 0, offset: 4, features: ['s'] }]);
  });

  it('keeps its last values at the end of bounded input', () => {
    const { rows } = run({ s: tumbling(100), r: rolling(10) }, [
      [1010, 1],
      [1130, 2],
    ]);
    expect(rows).toEqual([
      [1010, 1, null, 1],
      [1130, 2, 1, 2],
      [1199, 2, 2, 2],
    ]);
  });
});

describe('other windows', () => {
  it('open windows empty at their end', () => {
    const open: WindowNode = {
      kind: 'tumbling',
      sizeMs: 100,
      offsetMs: 0,
      serve: 'open',
      allowedLatenessMs: 0,
    };
    const idle: DeliveryStep = { kind: 'idle', nowMs: 1300 };
    const { rows } = run({ s: open }, [[1010, 1]], {
      ended: false,
      steps: (steps) => [...steps, idle],
    });
    expect(rows).toEqual([
      [1010, 1, 1],
      [1100, 1, null],
    ]);
  });

  it('hopping windows count a record in those that are not past', () => {
    const hopping: WindowNode = {
      kind: 'hopping',
      sizeMs: 200,
      everyMs: 100,
      offsetMs: 0,
      serve: 'complete',
      allowedLatenessMs: 0,
    };
    const { rows } = run(
      { s: hopping },
      [
        [1010, 1],
        [1120, 2],
        [1030, 4],
      ],
      { emit: 'watermark' },
    );
    expect(rows).toEqual([
      [1099, 1, 1],
      [1199, 3, 7],
      [1299, 3, 2],
    ]);
  });

  it('cumulating windows grow by steps', () => {
    const cumulate: WindowNode = {
      kind: 'cumulate',
      sizeMs: 200,
      stepMs: 100,
      offsetMs: 0,
      allowedLatenessMs: 0,
    };
    const { rows } = run(
      { s: cumulate },
      [
        [1010, 1],
        [1120, 2],
        [1900, 4],
      ],
      { emit: 'watermark', ended: false },
    );
    expect(rows).toEqual([
      [1099, 1, 1],
      [1199, 2, 3],
      [1299, 2, null],
    ]);
  });

  it('sessions merge when they touch and the last complete one stays', () => {
    const session: WindowNode = { kind: 'session', gapMs: 50 };
    const { rows } = run(
      { s: session },
      [
        [1000, 1],
        [1050, 2],
        [1099, 4],
        [1149, 8],
        [1300, 16],
      ],
      { emit: 'watermark' },
    );
    expect(rows).toEqual([
      [1198, 4, 15],
      [1349, 5, 16],
    ]);
  });

  it('rows windows see rows of equal time one by one', () => {
    const { rows } = run(
      { s: { kind: 'rollingRows', rows: 2 }, all: { kind: 'lifetime' } },
      [
        [1000, 1],
        [1000, 2],
        [1000, 4],
      ],
      { emit: 'watermark', delay: 5 },
    );
    expect(rows).toEqual([
      [1000, 1, 1, 7],
      [1000, 2, 3, 7],
      [1000, 3, 6, 7],
    ]);
  });
});

describe('an aggregate with a predicate', () => {
  const lifetime: WindowNode = { kind: 'lifetime' };
  it('leaves out records for which it is null', () => {
    const plan = singleViewPlan({
      fields,
      eventTime: { field: 'ts' },
      key: ['k'],
      features: [
        featureNode('n', {
          fn: 'count',
          where: callNode('gt', columnNode(x), literalNode(1, x.type)),
          window: lifetime,
        }),
      ],
    });
    const rows = [null, 1, 2].map((value, offset) => ({
      split: 0,
      offset,
      row: { k: null, x: value, ts: 1000 + offset },
      arrivalMs: 0,
    }));
    const { vectors } = runOracle({ plan, view: 'view', steps: deliver(rows) });
    expect(vectors.map(({ values }) => values['n'])).toEqual([0, 0, 1]);
  });
});

describe('watermarks', () => {
  it('a split without rows holds the watermark until it ends', () => {
    const steps = (split: number): readonly DeliveryStep[] => [
      { kind: 'row', split: 0, offset: 0, row: { k: 'a', x: 1, ts: 1000 }, arrivalMs: 0 },
      { kind: 'row', split: 0, offset: 1, row: { k: 'a', x: 2, ts: 5000 }, arrivalMs: 0 },
      { kind: 'end', split },
    ];
    const of = (split: number) =>
      run({ s: tumbling(100) }, [], {
        emit: 'watermark',
        steps: () => [...steps(split), { kind: 'idle', nowMs: 0 }],
      });
    expect(of(1).rows).toEqual([
      [1099, 1, 1],
      [1199, 1, null],
    ]);
    expect(of(0).rows).toEqual([
      [1099, 1, 1],
      [1199, 1, null],
      [5099, 2, 2],
    ]);
  });
});
