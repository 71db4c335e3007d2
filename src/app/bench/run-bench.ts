// The built-in benchmark: a file of made events through the whole path (bytes, decoder, job, sink
// that forgets), beside a floor and a hand-written program over the same file in the same run; then
// how soon a vector is readable at a steady rate. Compare the ratios of one run: machines are noisy.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { embedded } from '../../adapters/embedded/embedded.ts';
import { file } from '../../adapters/file/file-source.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { buildPlan } from '../../define/build-plan.ts';
import { startJob } from '../../engine/job/job.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Source } from '../../ports/source.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';
import { jsonFormat } from '../../formats/json/json-format.ts';
import { formats } from '../formats.ts';
import { storedViews } from '../stored-views.ts';
import * as definitions from './bench-definitions.ts';
import { writeBenchEvents } from './bench-events.ts';
import { handWrittenJ2, parseAll } from './bench-peers.ts';
import { LiveEvents } from './live-events.ts';

/** Names of the jobs, in the order in which they run. */
export const benchJobs = ['j0', 'j1', 'j2', 'j2_arrival', 'j3', 'j4'] as const;

export type BenchJob = (typeof benchJobs)[number];

export interface BenchOptions {
  /** Default 1,000,000. */
  readonly events?: number;
  /** Default 100,000. */
  readonly users?: number;
  /** Default: all. */
  readonly jobs?: readonly BenchJob[];
  /** Events of the latency run, at `latencyRate` a second; 0 leaves it out. Default 5000. */
  readonly latencyEvents?: number;
  /** Default 1000. */
  readonly latencyRate?: number;
  /** Called when a run is done. */
  readonly onRun?: (run: BenchRun) => void;
}

export interface BenchReport {
  readonly machine: BenchMachine;
  readonly runs: readonly BenchRun[];
}

export interface BenchMachine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly node: string;
  readonly platform: string;
}

export interface BenchRun {
  readonly name: string;
  readonly events: number;
  readonly events_per_second: number;
  /** Of this process, all its threads. */
  readonly cpu_seconds_per_million: number;
  /**
   * From the reading of a record to its vector at the sink; null where no vectors come out. Vectors
   * made by timers count from the newest record of their key.
   */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly rss_mb: number;
  readonly rows_out: number;
  /** How many times as many events per CPU-second as parsing alone gives. */
  readonly ratio_to_floor: number | null;
  /** The same against the hand-written J2. */
  readonly ratio_to_hand_written: number | null;
}

const spanMs = 2 * 3_600_000;

/** Runs the benchmark in a temporary folder; takes about a minute for a million events. */
export async function runBench(options: BenchOptions = {}): Promise<BenchReport> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    return await new Bench(directory, options).run();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Measured {
  readonly name: string;
  readonly events: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly rowsOut: number;
  readonly delays: readonly number[];
}

class Bench {
  readonly #path: string;
  readonly #directory: string;
  readonly #options: BenchOptions;
  readonly #plan: Plan;
  readonly #runs: BenchRun[] = [];
  #floorCpuMs: number | null = null;
  #handWrittenCpuMs: number | null = null;

  constructor(directory: string, options: BenchOptions) {
    this.#directory = directory;
    this.#path = join(directory, 'events.jsonl');
    this.#options = options;
    this.#plan = buildPlan([definitions]).plan;
  }

  async run(): Promise<BenchReport> {
    const { events = 1_000_000, users = 100_000, jobs = benchJobs } = this.#options;
    const target = openSync(this.#path, 'w');
    writeBenchEvents(target, { events, users, spanMs });
    closeSync(target);
    this.#floorCpuMs = this.#peer('floor: JSON.parse', parseAll);
    this.#handWrittenCpuMs = this.#peer('j2 hand-written', handWrittenJ2);
    for (const job of jobs) this.#record(await this.#job(job));
    const latencyEvents = Math.min(events, this.#options.latencyEvents ?? 5000);
    if (latencyEvents > 0) this.#record(await this.#latency(latencyEvents), true);
    return { machine: machine(), runs: this.#runs };
  }

  #peer(name: string, program: (path: string) => number): number {
    const watch = startWatch();
    const events = program(this.#path);
    const times = watch();
    this.#record({ name, events, ...times, rowsOut: 0, delays: [] });
    return times.cpuMs / events;
  }

  async #job(view: BenchJob): Promise<Measured> {
    const delays: number[] = [];
    const sink = forgettingSink((batch) => {
      // A sample is enough: one row of each batch of vectors.
      delays.push(systemClock.nowMs() - (batch.arrivalTimeMs[batch.rowCount >> 1] ?? 0));
    });
    const watch = startWatch();
    const summary = await this.#start(view, file(this.#path), sink);
    const times = watch();
    return {
      name: view,
      events: summary.records_in,
      ...times,
      rowsOut: summary.rows_out,
      delays,
    };
  }

  /** J2, a row at once for every event, into the embedded store, at a steady rate. */
  async #latency(events: number): Promise<Measured> {
    const { latencyRate = 1000 } = this.#options;
    const live = new LiveEvents({
      bytes: readFileSync(this.#path),
      format: jsonFormat,
      events,
      eventsPerSecond: latencyRate,
      clock: systemClock,
    });
    const store = await embedded('./online').open({
      project: 'bench',
      baseDirectory: this.#directory,
      mode: 'write',
      views: storedViews(this.#plan),
    });
    const delays: number[] = [];
    let visible = 0;
    const sink: VectorSink = {
      write: async (batch) => {
        const { taken } = live;
        await store.write(batch);
        const nowMs = systemClock.monotonicMs();
        for (; visible < taken; visible++) delays.push(nowMs - live.dueMs(visible));
      },
      flush: () => Promise.resolve(),
      close: () => store.close(),
    };
    const watch = startWatch();
    const summary = await this.#start('j2_arrival', live.source(), sink);
    const name = `j2 event to readable at ${latencyRate}/s`;
    return { name, events: summary.records_in, ...watch(), rowsOut: summary.rows_out, delays };
  }

  #start(
    view: BenchJob,
    source: Source,
    sink: VectorSink,
  ): Promise<{ records_in: number; rows_out: number }> {
    const nothing = { write: () => Promise.resolve(), close: () => Promise.resolve() };
    return startJob({
      plan: this.#plan,
      views: [view],
      sources: new Map([['events', source]]),
      formats,
      sinks: [sink],
      deadLetters: nothing,
      lateRecords: nothing,
      clock: systemClock,
      baseDirectory: this.#directory,
      nowMode: 'event',
    }).done;
  }

  #record(measured: Measured, isPaced = false): void {
    const { name, events, elapsedMs, cpuMs, rowsOut, delays } = measured;
    const perEvent = cpuMs / events;
    const ratio = (peer: number | null): number | null =>
      peer === null || isPaced ? null : rounded(peer / perEvent, 100);
    const run: BenchRun = {
      name,
      events,
      events_per_second: Math.round((events * 1000) / elapsedMs),
      cpu_seconds_per_million: rounded(perEvent * 1000, 100),
      p50_ms: quantile(delays, 0.5),
      p99_ms: quantile(delays, 0.99),
      rss_mb: Math.round(process.memoryUsage.rss() / 1e6),
      rows_out: rowsOut,
      ratio_to_floor: ratio(this.#floorCpuMs),
      ratio_to_hand_written: ratio(this.#handWrittenCpuMs),
    };
    this.#runs.push(run);
    this.#options.onRun?.(run);
  }
}

function startWatch(): () => { readonly elapsedMs: number; readonly cpuMs: number } {
  const startMs = systemClock.monotonicMs();
  const startCpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startCpu);
    return { elapsedMs: systemClock.monotonicMs() - startMs, cpuMs: (user + system) / 1000 };
  };
}

function forgettingSink(look: (batch: VectorBatch) => void): VectorSink {
  return { write: look, flush: () => Promise.resolve(), close: () => Promise.resolve() };
}

function quantile(values: readonly number[], q: number): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return rounded(sorted[Math.floor(q * (sorted.length - 1))] ?? 0, 10);
}

function rounded(value: number, units: number): number {
  return Math.round(value * units) / units;
}

function machine(): BenchMachine {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 1e9),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
