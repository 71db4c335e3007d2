// What a measurement gives: of all repetitions the best time and the best CPU time, so that every
// contender is warm, and the most memory. A figure is of one run of the comparison; ratios within it.
import { loadavg } from 'node:os';
import { rounded } from '../load/measure.ts';
import type { LatencyFigures } from './latency.ts';

export interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly recordsIn: number;
  readonly checkpoints?: number;
  readonly rowsOut?: number;
}

export interface Measurement {
  /** Contenders of one are compared with each other. */
  readonly comparison: string;
  readonly job: string;
  readonly engine: 'flink' | 'millrace' | 'node';
  readonly variant: string;
  readonly parallelism: number;
  readonly events: number;
  readonly runs: readonly Measured[];
}

export interface Figures extends Omit<Measurement, 'runs'> {
  readonly events_per_second: number;
  readonly events_per_cpu_second: number;
  readonly cpu_seconds_per_million: number;
  readonly rss_mb: number;
  readonly checkpoints?: number;
  readonly rows_out?: number;
  /** Of the machine over the minute before: two busy cores are 2. */
  readonly load_average: number;
  /** Wall and CPU seconds of every repetition. */
  readonly seconds: ReadonlyArray<{ readonly wall: number; readonly cpu: number }>;
}

/** Flink beside one way of ours. */
export interface Ratio {
  readonly flink: Figures;
  readonly ours: Figures;
  readonly per_second: number;
  readonly per_cpu_second: number;
  /** Of resident memory: how many times ours Flink's is. */
  readonly memory: number;
}

/** A run that was kept; fields that later ones brought may be missing. */
export interface Kept {
  readonly figures: readonly Figures[];
  readonly latency?: readonly LatencyFigures[];
}

/** Throws where a repetition read another number of events, or gave another number of rows. */
export function figuresOf({ runs, ...measurement }: Measurement): Figures {
  const { comparison, engine, variant, events } = measurement;
  const last = runs.at(-1);
  for (const { recordsIn, rowsOut } of runs) {
    if (recordsIn === events && rowsOut === last?.rowsOut) continue;
    const seen = `${recordsIn} of ${events} events read, ${rowsOut ?? '?'} rows out`;
    throw new Error(`${comparison}, ${engine} ${variant}: ${seen}`);
  }
  const least = (milliseconds: (run: Measured) => number): number =>
    Math.min(...runs.map(milliseconds));
  const cpuMs = least((run) => run.cpuMs);
  return {
    ...measurement,
    events_per_second: Math.round((events * 1000) / least((run) => run.wallMs)),
    events_per_cpu_second: Math.round((events * 1000) / cpuMs),
    cpu_seconds_per_million: rounded((cpuMs * 1000) / events, 2),
    rss_mb: Math.max(...runs.map(({ rssMb }) => rssMb)),
    ...(last?.checkpoints === undefined ? {} : { checkpoints: last.checkpoints }),
    ...(last?.rowsOut === undefined ? {} : { rows_out: last.rowsOut }),
    load_average: rounded(loadavg()[0] ?? 0, 2),
    seconds: runs.map((run) => ({
      wall: rounded(run.wallMs / 1000, 2),
      cpu: rounded(run.cpuMs / 1000, 2),
    })),
  };
}
