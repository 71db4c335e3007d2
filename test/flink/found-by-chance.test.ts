// What random definitions over random events have found on a real Flink, each as small as it goes.
import { buildPlan } from 'millrace';
import { expect, it } from 'vitest';
import { parityTables } from '../../src/app/flink/parity/flink-side.ts';
import { compileFlink } from '../../src/flink/compile-flink.ts';
import { count, cumulate, featureView, hopping, rolling, sum, tumbling } from '../../src/index.ts';
import { perUser, readings, sensor } from './corpus/events.ts';

function programOf(view: { readonly name: string }) {
  const { plan, problems } = buildPlan([{ view }]);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return compileFlink({ plan, tables: parityTables(plan, '/', new Map()) });
}

it('sums of distinct values over hopping windows fail the job: they are refused, and no others', () => {
  const distinct = { distinct: true };
  const view = featureView('distinct', {
    ...perUser,
    features: (e) => ({
      hopped: sum(e.amount, distinct).over(hopping('2m', { every: '1m' })),
      plain: sum(e.amount).over(hopping('2m', { every: '1m' })),
      tumbled: sum(e.amount, distinct).over(tumbling('1m')),
      grown: sum(e.amount, distinct).over(cumulate('2m', { step: '1m' })),
      rolled: sum(e.amount, distinct).over(rolling('1m')),
    }),
  });
  expect(programOf(view).refusals).toEqual([
    {
      path: 'distinct.features.hopped',
      reason: 'Flink has no sum of distinct values over hopping windows',
      alternative:
        "take it over tumbling('1h') or cumulate('1d', { step: '1h' }), or keep the view on the engine",
    },
  ]);
});

it('a record that is left out moves no watermark: what is required is asked for before its time', () => {
  const n = featureView('n', {
    entity: sensor,
    from: readings,
    emit: 'watermark',
    features: () => ({ n: count().over(rolling('1h')) }),
  });
  const table = programOf(n).statements.find(({ name }) => name === 'readings')?.text;
  expect(table).toContain(
    'TO_TIMESTAMP_LTZ(IF(`sensor` IS NOT NULL AND `value` IS NOT NULL AND `total` IS NOT NULL AND `at` IS NOT NULL, `at`, 0), 3)',
  );
});
