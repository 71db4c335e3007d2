// The jobs as Flink SQL: texts of `sql/`, with the input and the sink filled in.
import { readFileSync } from 'node:fs';
import type { FlinkJob } from './flink-job.ts';
import type { JobName } from './our-job.ts';

/** How Flink runs a job; more of them are one line each. */
export const flinkVariants: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  heap: { 'state.backend.type': 'hashmap' },
  rocksdb: {
    'state.backend.type': 'rocksdb',
    'execution.checkpointing.incremental': 'true',
    'execution.checkpointing.interval': '10s',
  },
};

export interface FlinkTopic {
  readonly brokers: readonly string[];
  readonly topic: string;
}

export interface FlinkSqlOptions {
  readonly variant: string;
  readonly parallelism: number;
  /** A file of JSON lines, or a topic that is read to its end. */
  readonly events: string | FlinkTopic;
  /** A folder for CSV files; nothing is kept without it. */
  readonly output?: string;
}

export function flinkJob(job: JobName, options: FlinkSqlOptions): FlinkJob {
  const { output, events } = options;
  const sink =
    output === undefined
      ? `'connector' = 'blackhole'`
      : `'connector' = 'filesystem', 'path' = '${output}', 'format' = 'csv'`;
  const text = `${sqlOf('events')};${sqlOf(job)}`;
  const filled = text.replaceAll('${source}', sourceOf(events)).replaceAll('${sink}', sink);
  return {
    settings: {
      ...flinkVariants[options.variant],
      'execution.runtime-mode': 'streaming',
      'parallelism.default': String(options.parallelism),
      'pipeline.object-reuse': 'true',
      'table.local-time-zone': 'UTC',
    },
    statements: filled.split(';').map((statement) => statement.trim()),
  };
}

function sqlOf(name: string): string {
  return readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');
}

function sourceOf(events: string | FlinkTopic): string {
  if (typeof events === 'string') {
    return `'connector' = 'filesystem', 'path' = '${events}', 'format' = 'json'`;
  }
  const { brokers, topic } = events;
  return `'connector' = 'kafka', 'topic' = '${topic}', 'format' = 'json',
    'properties.bootstrap.servers' = '${brokers.join(',')}',
    'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'`;
}
