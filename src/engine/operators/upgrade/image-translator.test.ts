import { describe, expect, it } from 'vitest';
import {
  buildPlan,
  entity,
  featureView,
  type FeatureMigration,
  lastN,
  max,
  migrate,
  rolling,
  stream,
  sum,
  t,
  tumbling,
} from '../../../index.ts';
import type { Plan, ViewNode } from '../../../plan/plan.ts';
import { streamOf } from '../../../plan/plan.ts';
import { batchOf } from '../../../testing/batches.ts';
import { rowsOf, type ViewRow } from '../../../testing/operator-runner.ts';
import { StateReader } from '../../state/bytes/state-reader.ts';
import { StateWriter } from '../../state/bytes/state-writer.ts';
import type { KeyImages } from '../../state/residence.ts';
import { ThrashResidence } from '../../../testing/thrash-residence.ts';
import { ViewOperator } from '../view-operator.ts';
import { ImageTranslator } from './image-translator.ts';

const user = entity('user', { key: { k: t.string() } });

function events(amount: 'int32' | 'float64') {
  return stream('events', {
    schema: {
      k: t.string(),
      amount: amount === 'int32' ? t.int32() : t.float64(),
      at: t.timestamp(),
    },
    eventTime: { field: 'at', outOfOrderness: '5s', maxAhead: 'off' },
  });
}

interface Fields {
  readonly amount: never;
}
type Features = (p: Fields) => Record<string, unknown>;

function planOf(
  amount: 'int32' | 'float64',
  features: Features,
  retyped: Record<string, FeatureMigration> = {},
): Plan {
  const upgrade = { retyped };
  const view = featureView('v', { entity: user, from: events(amount), features, upgrade } as never);
  const { plan, problems } = buildPlan([{ view }]);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return plan;
}

/** The row after one more record, when the state of the rows before is migrated. */
function goOn(older: Plan, newer: Plan, before: readonly unknown[], after: unknown): ViewRow {
  const rows: ViewRow[] = [];
  const images: KeyImages[] = [];
  const start = (plan: Plan): { operator: ViewOperator; backend: ThrashResidence } => {
    const view = plan.views[0] as ViewNode;
    const backends: ThrashResidence[] = [];
    const operator = new ViewOperator({
      plan,
      view,
      context: {
        emit: (batch) => rows.push(...rowsOf(batch, view)),
        late: () => {},
        fail: () => {},
      },
      residence: (own) => {
        images.push(own);
        const backend = new ThrashResidence(own);
        backends.push(backend);
        return backend;
      },
    });
    return { operator, backend: backends[0] as ThrashResidence };
  };
  const batchFor = (plan: Plan, amounts: readonly unknown[], at: number) =>
    batchOf(
      streamOf(plan, plan.views[0] as ViewNode),
      amounts.map((amount, i) => ({
        row: {
          kind: 'row' as const,
          split: 0,
          offset: i,
          arrivalMs: 0,
          row: { k: 'a', amount, at: at + i } as never,
        },
        watermarkMs: Number.NEGATIVE_INFINITY,
      })),
    );
  const old = start(older);
  old.operator.processBatch(batchFor(older, before, 1000));
  const translator = new ImageTranslator({ older, newer, view: newer.views[0] as ViewNode });
  const next = start(newer);
  next.backend.restore(
    old.backend.writeAll().map((key) => {
      const image = new StateWriter();
      translator.translateKey(new StateReader(key.image), image);
      return { ...key, image: image.toBytes() };
    }),
  );
  next.operator.processBatch(batchFor(newer, [after], 2000));
  return rows.at(-1) as ViewRow;
}

describe('a feature of another type', () => {
  it('goes on with the values that its window keeps, each migrated', () => {
    const features: Features = (p) => ({
      most: max(p.amount).over(rolling('1h')),
      total: sum(p.amount).over(rolling('1h')),
      latest: lastN(p.amount, 3).over(rolling('1h')),
    });
    const toHalves = migrate(t.int32(), (old) => old.toFloat().div(2));
    const newer = planOf('float64', features, {
      most: toHalves,
      total: toHalves,
      latest: toHalves,
    });
    const row = goOn(planOf('int32', features), newer, [10, 30, 20], 0.25);
    expect(row.values).toEqual({ most: 15, total: 30.25, latest: [15, 10, 0.25] });
    expect(row.seq).toBe(4);
  });

  it('keeps numbers that are the same as floats, and refuses other migrations of them', () => {
    const features: Features = (p) => ({
      total: sum(p.amount).over(tumbling('1h', { serve: 'open' })),
    });
    const older = planOf('int32', features);
    const widened = planOf('float64', features, { total: migrate(t.int32(), (o) => o.toFloat()) });
    expect(goOn(older, widened, [1, 2], 0.5).values).toEqual({ total: 3.5 });
    const halved = planOf('float64', features, {
      total: migrate(t.int32(), (old) => old.toFloat().div(2)),
    });
    expect(() => goOn(older, halved, [1], 1)).toThrow(/keeps what its records came to/);
  });
});
