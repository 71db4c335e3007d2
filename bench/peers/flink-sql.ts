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

export interface FlinkSqlOptions {
  readonly variant: string;
  readonly parallelism: number;
  readonly events: string;
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
  const filled = text.replaceAll('${events}', events).replaceAll('${sink}', sink);
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
