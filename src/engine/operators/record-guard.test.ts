// Aggregates of users whose functions fail: what becomes of the record, of the others, and of the job.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { t } from '../../define/type-builder.ts';
import { aggregate } from '../../define/user-aggregate.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { bindCode, type UserAggregateNode } from '../../plan/user-aggregate.ts';
import type { FeatureNode, ViewNode } from '../../plan/plan.ts';
import { planFromJson, planToJson } from '../../plan/plan-json.ts';
import type { WindowNode } from '../../plan/window.ts';
import { anyWindow } from '../../testing/arbitraries/windows.ts';
import { deliver } from '../../testing/oracle/delivery.ts';
import {
  callNode,
  columnNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../testing/plan-nodes.ts';
import { runPlan } from '../../testing/plan-runner.ts';
import { ThrashResidence } from '../../testing/thrash-residence.ts';

const fields: readonly Field[] = [
  { name: 'k', type: { kind: 'string' }, nullable: false },
  { name: 'x', type: { kind: 'float64' }, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const x = columnNode(fields[1] as Field);

const isAllowed = callNode(
  'or',
  callNode('isNull', x),
  callNode('ne', x, literalNode(13, { kind: 'float64' })),
);

/** The sum, by hand; what it does with some values is up to the test. */
function summing(changes: Partial<Parameters<typeof aggregate>[1]> = {}): UserAggregateNode {
  return aggregate('summing', {
    takes: t.float64(),
    schema: { total: t.float64(), records: t.int32() },
    returns: t.float64(),
    create: () => ({ total: 0, records: 0 }),
    add: (state, value) => {
      state.total += value;
      state.records += 1;
      if (value === 13) throw new Error('thirteen is not for sale');
    },
    merge: (into, from) => {
      into.total += from.total;
      into.records += from.records;
    },
    result: ({ total, records }) => (records === 0 ? null : total),
    ...(changes as object),
  }).node;
}

type Row = readonly [ts: number, x: number | null, key?: string];

interface Setting {
  readonly emit?: ViewNode['emit'];
  readonly isFiltered?: boolean;
  readonly isThrashed?: boolean;
  readonly delay?: number;
}

function run(features: readonly FeatureNode[], rows: readonly Row[], setting: Setting = {}) {
  const plan = singleViewPlan({
    fields,
    eventTime: { field: 'ts', outOfOrdernessMs: setting.delay ?? 0 },
    key: ['k'],
    features,
    emit: setting.emit ?? 'arrival',
    decayMs: null,
    ...(setting.isFiltered === true ? { predicate: isAllowed } : {}),
  });
  const steps = deliver(
    rows.map(([ts, value, k = 'a'], offset) => ({
      ...{ split: 0, offset, arrivalMs: 0 },
      row: { k, x: value, ts },
    })),
    { ended: true },
  );
  const result = runPlan({
    ...{ plan, view: 'view', steps, batchSize: 3 },
    ...(setting.isThrashed === true ? { residence: (images) => new ThrashResidence(images) } : {}),
  });
  const codes = result.errors.map(({ code, offset }) => [code, offset]);
  const values = result.vectors.map((v) => [v.asOfMs, v.seq, ...Object.values(v.values)]);
  return { ...result, codes, values };
}

const lifetime: WindowNode = { kind: 'lifetime' };
const boundaries = { offsetMs: 0, serve: 'complete', allowedLatenessMs: 0 } as const;
const tumbling: WindowNode = { kind: 'tumbling', sizeMs: 10, ...boundaries };
const ofUser = (window: WindowNode, user = summing(), name = 'mine'): FeatureNode =>
  featureNode(name, { fn: 'user', input: x, user, window });
const counted = (window: WindowNode): FeatureNode => featureNode('n', { fn: 'count', window });

const rows: readonly Row[] = [
  [1000, 1],
  [1001, 13],
  [1002, 2],
];

describe('a function that throws', () => {
  it('makes its record a dead letter, and no feature of the view counts it', () => {
    const { codes, errors, values, stats } = run([ofUser(lifetime), counted(lifetime)], rows);
    expect(codes).toEqual([['MR_DATA_AGGREGATE_THROWN', 1]]);
    expect(errors[0]?.message).toBe(
      'feature "mine": add of summing threw: thirteen is not for sale',
    );
    expect(Buffer.from(errors[0]?.bytes ?? []).toString()).toBe('{"k":"a","x":13,"ts":1001}');
    expect(values).toEqual([
      [1000, 1, 1, 1],
      [1002, 2, 3, 2],
    ]);
    expect(stats).toMatchObject({ failedRecords: 1, failedValues: 0, entities: 1 });
  });

  it('leaves no key behind that has nothing else', () => {
    const { stats, values } = run([ofUser(tumbling)], [[1000, 13, 'b']]);
    expect(values).toEqual([]);
    expect(stats).toMatchObject({ failedRecords: 1, entities: 0 });
  });

  it('does so in order of event time, and among records of one instant', () => {
    const features = [
      ofUser(lifetime),
      ofUser({ kind: 'rollingRows', rows: 2 }, undefined, 'rows'),
      counted(lifetime),
    ];
    const given: Row[] = [
      [1000, 1],
      [1000, 13],
      [1000, 2],
      [1005, 13],
      [1009, 4],
    ];
    const { codes, values } = run(features, given, { emit: 'watermark', delay: 1 });
    expect(codes.map(([code]) => code)).toEqual(Array(2).fill('MR_DATA_AGGREGATE_THROWN'));
    expect(values).toEqual([
      [1000, 1, 3, 1, 2],
      [1000, 2, 3, 3, 2],
      [1009, 3, 7, 6, 3],
    ]);
  });

  it('has the record whole in the dead letters, however long it was to wait', () => {
    const given: Row[] = [
      [1000, 1],
      [1001, 13],
      [1002, 2],
      [1003, 4],
      [1004, 5],
      [1005, 6],
    ];
    const { errors, values } = run([ofUser(lifetime)], given, { emit: 'watermark', delay: 100 });
    const texts = errors.map(({ bytes }) => Buffer.from(bytes).toString());
    expect(texts).toEqual(['{"k":"a","x":13,"ts":1001}']);
    expect(values.map(([, , total]) => total)).toEqual([1, 3, 7, 12, 18]);
  });

  it('may depend on what was added before: then the record is refused in its turn', () => {
    const user = summing({
      add: ((state: { total: number; records: number }, value: number) => {
        if (state.records === 1) throw new Error('not twice');
        return { total: state.total + value, records: state.records + 1 };
      }) as never,
    });
    const given: Row[] = [
      [1002, 2],
      [1000, 1],
      [1001, 4],
      [1003, 8],
    ];
    for (const emit of ['arrival', 'watermark'] as const) {
      const features = [ofUser(lifetime, user), counted(lifetime)];
      const { codes, values } = run(features, given, { emit, delay: 100 });
      expect(codes).toHaveLength(3);
      expect(values).toEqual([emit === 'arrival' ? [1002, 1, 2, 1] : [1000, 1, 1, 1]]);
    }
  });

  it('is as if the record had been filtered, in any window', () => {
    const window = anyWindow(false);
    const row = fc.tuple(fc.constantFrom(0, 1, 1, 2, 9, -2), fc.constantFrom(13, 1, 2, 0.5, null));
    const property = fc.property(
      fc.array(window, { minLength: 1, maxLength: 3 }),
      fc.array(row, { minLength: 3, maxLength: 25 }),
      fc.boolean(),
      fc.constantFrom('arrival' as const, 'watermark' as const),
      (windows, steps, isThrashed, emit) => {
        const features = windows.flatMap((node, i) => [
          ofUser(node, undefined, `mine${i}`),
          featureNode(`built${i}`, { fn: 'sum', input: x, window: node }),
        ]);
        let ts = 1000;
        const given = steps.map(([step, value]): Row => [(ts += step), value]);
        const failing = run(features, given, { isThrashed, emit, delay: 1 });
        const filtered = run(features, given, { isFiltered: true, emit, delay: 1 });
        expect(failing.vectors).toEqual(filtered.vectors);
        const refused = steps.filter(([, value]) => value === 13).length;
        expect(failing.codes.length).toBeLessThanOrEqual(refused);
        if (steps.every(([step]) => step >= 0)) expect(failing.codes.length).toBe(refused);
      },
    );
    fc.assert(property, { numRuns: 25, seed: 7 });
  });
});

describe('a value that does not fit', () => {
  it.each([
    [
      'a state of another type',
      { add: () => ({ total: '1', records: 0 }) },
      '"total" of type string',
    ],
    ['a state without a field', { add: () => ({ total: 1 }) }, '"records" undefined'],
    [
      'a state with a field more',
      { add: () => ({ total: 1, records: 1, x: 1 }) },
      'a field that its',
    ],
    ['a state that is NaN', { add: () => ({ total: Number.NaN, records: 1 }) }, '"total" NaN'],
    ['no state', { create: () => null }, 'null, which is no state'],
    ['a result that is NaN', { result: () => Number.NaN }, 'is NaN, which is no float64'],
    ['a result of another type', { result: () => 'three' }, 'of type string, which is no float64'],
    ['no result', { result: () => undefined }, 'is undefined'],
  ])('is an error of its own: %s', (_, changes, message) => {
    const wrong = { ...changes } as Record<string, unknown>;
    const isResult = 'result' in changes;
    // A result that never fits is not the fault of one record.
    if (isResult) {
      const { result } = changes as { result: () => unknown };
      wrong['result'] = ({ total }: { total: number }) => (total > 2 ? result() : total);
    }
    const given: Row[] = isResult
      ? [
          [1000, 2],
          [1001, 2],
          [1002, -1],
        ]
      : [[1001, 1]];
    const { codes, errors, values } = run([ofUser(lifetime, summing(wrong as never))], given);
    expect(codes).toEqual([['MR_DATA_AGGREGATE_VALUE', isResult ? 1 : 0]]);
    expect(errors[0]?.message).toContain(message);
    expect(values).toEqual(
      isResult
        ? [
            [1000, 1, 2],
            [1002, 2, 1],
          ]
        : [],
    );
  });
});

describe('a failure that is no record’s fault', () => {
  const mixed: readonly Row[] = [
    [1000, 1],
    [1008, 2],
    [1004, 4],
    [1012, 32],
    [1020, 8],
    [1021, 16],
  ];
  const broken = (name: string): UserAggregateNode =>
    summing({
      [name]: () => {
        throw new Error('broken');
      },
    } as never);

  it.each([
    ['tumbling', tumbling],
    ['lifetime', lifetime],
    ['rolling', { kind: 'rolling', sizeMs: 10, resolutionMs: null }],
  ] as [string, WindowNode][])('of a result is null and counted: %s', (_, window) => {
    for (const emit of ['arrival', 'watermark'] as const) {
      const setting = { emit, delay: 10 };
      const features = [ofUser(window, broken('result')), counted(lifetime)];
      const { vectors, stats, codes } = run(features, mixed, setting);
      const healthy = run([ofUser(window), counted(lifetime)], mixed, setting);
      expect(codes).toEqual([]);
      expect(stats.failedValues).toBeGreaterThan(0);
      expect(stats.lastFailure).toBe('feature "mine": result of summing threw: broken');
      expect(vectors.every(({ values }) => values['mine'] === null)).toBe(true);
      expect(vectors.map(({ values }) => values['n'])).toEqual(
        healthy.vectors.map(({ values }) => values['n']),
      );
    }
  });

  it.each([
    ['hopping', { kind: 'hopping', sizeMs: 10, everyMs: 5, ...boundaries }],
    ['rolling by slots', { kind: 'rolling', sizeMs: 10, resolutionMs: 2 }],
    ['session', { kind: 'session', gapMs: 5 }],
  ] as [string, WindowNode][])('of a merge ends no run: %s', (_, window) => {
    const failed = (['arrival', 'watermark'] as const).map((emit) => {
      const features = [ofUser(window, broken('merge'))];
      const { stats, vectors } = run(features, mixed, { emit, delay: 10 });
      expect(vectors.length).toBeGreaterThan(0);
      return stats.failedRecords + stats.failedValues;
    });
    // Which of the two merges depends on the window.
    expect(Math.max(...failed)).toBeGreaterThan(0);
  });

  it('stays with the window that it happened in, also when that leaves memory', () => {
    const given: Row[] = [
      [1000, 1],
      [1008, 2],
      [1004, 4],
      [1030, 8],
      [1100, 1],
    ];
    const window: WindowNode = { kind: 'session', gapMs: 5 };
    const features = [ofUser(window, broken('merge'))];
    const [plain, thrashed] = [false, true].map((isThrashed) =>
      run(features, given, { delay: 10, isThrashed }),
    );
    expect(plain?.values.map(([, , mine]) => mine)).toEqual(
      [...(plain?.values ?? [])].map((v) => v[2]),
    );
    expect(thrashed?.values).toEqual(plain?.values);
    expect(plain?.values.at(-1)?.[2]).toBe(1);
  });
});

describe('states', () => {
  it('share nothing: neither with create, nor with what was merged, nor with results', () => {
    const shared = { list: [0] };
    const lists = aggregate('lists', {
      takes: t.float64(),
      schema: { list: t.list(t.float64()) },
      returns: t.list(t.float64()),
      create: () => shared,
      add: (state, value) => {
        (state.list as number[]).push(value);
      },
      merge: (into, from) => {
        (into.list as number[]).push(...(from.list.slice(1) as number[]));
        (from.list as number[]).length = 0;
      },
      result: ({ list }) => (list as number[]).reverse(),
    }).node;
    const window: WindowNode = { kind: 'rolling', sizeMs: 20, resolutionMs: 2 };
    const { values } = run(
      [ofUser(window, lists)],
      [
        [1000, 1],
        [1004, 2],
        [1008, 3],
        [1016, 4, 'b'],
      ],
    );
    expect(values.map(([, , list]) => list)).toEqual([
      [1, 0],
      [2, 1, 0],
      [3, 2, 1, 0],
      [4, 0],
    ]);
    expect(shared.list).toEqual([0]);
  });
});

describe('a plan that was read from JSON', () => {
  it('runs no aggregate whose functions are not there', () => {
    const plan = singleViewPlan({
      fields,
      eventTime: { field: 'ts', outOfOrdernessMs: 0 },
      key: ['k'],
      features: [ofUser(lifetime)],
    });
    const read = planFromJson(planToJson(plan));
    const given = { view: 'view', steps: deliver([], { ended: true }) };
    expect(() => runPlan({ plan: read, ...given })).toThrow(
      'feature "mine": the functions of aggregate "summing" are not here',
    );
    const [node] = read.views.flatMap(({ features }) => features.map((f) => f.aggregate.user));
    bindCode(node as UserAggregateNode, summingCode());
    expect(runPlan({ plan: read, ...given }).vectors).toEqual([]);
  });
});

function summingCode(): Parameters<typeof bindCode>[1] {
  const zero = (): object => ({ total: 0, records: 0 });
  return { create: zero, add: zero, merge: zero, result: () => null, module: null, texts: [] };
}
