// The jobs as Flink SQL: texts of `sql/`, with the input and the sink filled in.
import { readFileSync } from 'node:fs';
import type { EventsPlace, EventsTopic } from './events-place.ts';
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
  readonly events: EventsPlace;
  /** A folder for CSV files; nothing is kept without it. */
  readonly output?: string;
}

/** A job that reads its events to their end. */
export function flinkJob(job: JobName, options: FlinkSqlOptions): FlinkJob {
  const { output, events, variant, parallelism } = options;
  const sink =
    output === undefined
      ? `'connector' = 'blackhole'`
      : `'connector' = 'filesystem', 'path' = '${output}', 'format' = 'csv'`;
  return {
    settings: settingsOf(variant, parallelism),
    statements: statementsOf(job, { source: boundedSource(events), sink, watermark: fiveSeconds }),
  };
}

export interface LiveSqlOptions {
  readonly input: EventsTopic;
  readonly output: string;
  /** The watermark is this far behind the newest event. */
  readonly outOfOrdernessMs: number;
  /** Else every 200 ms, which is Flink's default, as is waiting 100 ms for full buffers. */
  readonly isOnEvent: boolean;
}

/** J2 from a topic to a topic, until it is cancelled. */
export function liveFlinkJob(options: LiveSqlOptions): FlinkJob {
  const { input, output, outOfOrdernessMs, isOnEvent } = options;
  const servers = `'properties.bootstrap.servers' = '${input.brokers.join(',')}'`;
  const emit = isOnEvent ? `, 'scan.watermark.emit.strategy' = 'on-event'` : '';
  const delay = outOfOrdernessMs === 0 ? '' : ` - INTERVAL '${outOfOrdernessMs / 1000}' SECOND(1)`;
  return {
    settings: {
      ...settingsOf('heap', 1),
      ...(isOnEvent ? { 'execution.buffer-timeout.interval': '0 ms' } : {}),
    },
    statements: statementsOf('j2', {
      source: `${topicOptions(input)}${emit}`,
      sink: `'connector' = 'kafka', 'topic' = '${output}', 'format' = 'json', ${servers}`,
      watermark: `rt${delay}`,
    }),
  };
}

interface Blanks {
  readonly source: string;
  readonly sink: string;
  readonly watermark: string;
}

const fiveSeconds = `rt - INTERVAL '5' SECOND`;

function statementsOf(job: JobName, blanks: Blanks): readonly string[] {
  const text = `${sqlOf('events')};${sqlOf(job)}`;
  const filled = text.replaceAll(/\$\{(\w+)\}/g, (_, name: keyof Blanks) => blanks[name]);
  return filled.split(';').map((statement) => statement.trim());
}

function settingsOf(variant: string, parallelism: number): Readonly<Record<string, string>> {
  return {
    ...flinkVariants[variant],
    'execution.runtime-mode': 'streaming',
    'parallelism.default': String(parallelism),
    'pipeline.object-reuse': 'true',
    'table.local-time-zone': 'UTC',
  };
}

function sqlOf(name: string): string {
  return readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');
}

function boundedSource(events: EventsPlace): string {
  if (typeof events === 'string') {
    return `'connector' = 'filesystem', 'path' = '${events}', 'format' = 'json'`;
  }
  return `${topicOptions(events)}, 'scan.bounded.mode' = 'latest-offset'`;
}

function topicOptions({ brokers, topic }: EventsTopic): string {
  return `'connector' = 'kafka', 'topic' = '${topic}', 'format' = 'json',
    'properties.bootstrap.servers' = '${brokers.join(',')}',
    'scan.startup.mode' = 'earliest-offset'`;
}
