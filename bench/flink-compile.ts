// How long 1,000 features take to become Flink SQL: a plan of 20 views with 50 features over 5 windows.
// Run: node --conditions=millrace-src bench/flink-compile.ts
import {
  avg,
  buildPlan,
  count,
  entity,
  featureView,
  max,
  rolling,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { compileFlink } from '../src/flink/compile-flink.ts';
import { printProgram } from '../src/flink/flink-program.ts';

const viewCount = 20;
const featureCount = 50;
const rounds = 5;

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: { user_id: t.string(), kind: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const windows = [rolling('1h'), rolling('1d'), rolling('7d'), tumbling('5m'), tumbling('1h')];

const views = Array.from({ length: viewCount }, (_, v) =>
  featureView(`view_${v}`, {
    entity: user,
    from: events,
    emit: 'watermark',
    features: (e) =>
      Object.fromEntries(
        Array.from({ length: featureCount }, (_unused, f) => {
          const aggregates = [count(), sum(e.amount), avg(e.amount), max(e.amount)];
          const aggregate = aggregates[f % aggregates.length] ?? count();
          const window = windows[f % windows.length] ?? rolling('1h');
          return [`f_${f}`, aggregate.where(e.kind.eq(`kind ${f}`)).over(window)];
        }),
      ),
  }),
);

const { plan } = buildPlan([Object.fromEntries(views.map((view) => [view.name, view]))]);
const tables = {
  project: 'bench',
  checkpointIntervalMs: null,
  source: () => ({ connector: 'kafka', options: { topic: 'events' }, instants: 'ms' }) as const,
  sinks: () => ({ online: null, output: { options: { connector: 'blackhole' } }, log: null }),
};
for (let round = 1; round <= rounds; round++) {
  const startMs = performance.now();
  const text = printProgram(compileFlink({ plan, tables }));
  const elapsedMs = performance.now() - startMs;
  console.log(
    `${viewCount * featureCount} features: ${elapsedMs.toFixed(1)} ms, ${text.length} characters`,
  );
}
