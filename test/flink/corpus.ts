// The corpus: definitions that are compiled for Flink and kept as golden text, each view a case of its
// own with a plan of its own. Their records are those of test/fixtures/flink-parity where they fit.
import { buildPlan } from 'millrace';
import type { FlinkTables, SinkTable } from '../../src/flink/flink-tables.ts';
import type { Plan } from '../../src/plan/plan.ts';
import * as aggregates from './corpus/aggregates.ts';
import * as expressions from './corpus/expressions.ts';
import * as functions from './corpus/functions.ts';
import * as refused from './corpus/refused.ts';
import * as views from './corpus/views.ts';
import * as windows from './corpus/windows.ts';

export interface CorpusCase {
  readonly name: string;
  readonly plan: Plan;
}

type Module = Readonly<Record<string, { readonly name: string }>>;

function casesOf(module: Module): readonly CorpusCase[] {
  return Object.values(module).map((view) => {
    const { plan, problems } = buildPlan([{ view }]);
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw new TypeError(JSON.stringify(errors));
    return { name: view.name, plan };
  });
}

/** Definitions that Flink can compute. */
export const corpus: readonly CorpusCase[] = [
  ...casesOf(windows),
  ...casesOf(aggregates),
  ...casesOf(expressions),
  ...casesOf(functions),
  ...casesOf(views),
];

/** Definitions that are refused. */
export const refusedCorpus: readonly CorpusCase[] = casesOf(refused);

const brokers = 'localhost:9092';

/** Topics as an environment would bind them. */
export const corpusTables: FlinkTables = {
  project: 'corpus',
  checkpointIntervalMs: 10_000,
  source: (stream) => ({
    connector: 'kafka',
    instants: 'ms',
    options: {
      topic: `corpus.${stream}`,
      'properties.bootstrap.servers': brokers,
      'properties.group.id': 'millrace-corpus',
      'scan.startup.mode': 'earliest-offset',
      format: 'json',
      'json.ignore-parse-errors': 'true',
    },
  }),
  sinks: (view) => ({
    online: (group) => upsertTopic(`features.${view}.${group}`),
    output: {
      options: {
        connector: 'kafka',
        topic: `features.${view}`,
        'properties.bootstrap.servers': brokers,
        format: 'json',
        'json.timestamp-format.standard': 'ISO-8601',
        'sink.delivery-guarantee': 'exactly-once',
        'sink.transactional-id-prefix': `millrace-corpus-${view}`,
      },
    },
    log: null,
  }),
};

function upsertTopic(topic: string): SinkTable {
  return {
    options: {
      connector: 'upsert-kafka',
      topic,
      'properties.bootstrap.servers': brokers,
      'key.format': 'json',
      'value.format': 'json',
      'value.json.timestamp-format.standard': 'ISO-8601',
    },
  };
}
