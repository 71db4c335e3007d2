// What each phase of a load came to: events and CPU, pauses, memory, and how long rows of a paced
// phase took from their intended time.
import type { RunProgress } from '../../src/app/run-report.ts';
import { CheckpointLog, type CheckpointSummary } from './checkpoint-log.ts';
import { GapMeter } from './gap-meter.ts';
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts';
import { type LoadPhase, wallMs } from './load-source.ts';
import { type Elapsed, rounded, startWatch } from './measure.ts';
import type { ObservedStore } from './observed-store.ts';
import { processMemory, waitedForCoreMs } from './process-memory.ts';

export interface PhaseResult {
  readonly phase: string;
  readonly events: number;
  readonly seconds: number;
  readonly events_per_second: number;
  readonly events_per_cpu_second: number;
  /** Time in which the main thread had work and no core: what other programs took. */
  readonly waited_for_core_ms: number;
  readonly rss_mb: number;
  readonly anon_mb: number;
  /** As the engine reports it. */
  readonly state_bytes: number;
  readonly pauses: ReturnType<GapMeter['summary']>;
  /** Those that were completed in the phase. */
  readonly checkpoints: CheckpointSummary;
  /** Of paced phases. */
  readonly latency?: LatencySummary;
}

/** Latency counts from so long after a phase began: what waited from the one before is gone then. */
const settlingMs = 2000;

export class PhaseRecorder {
  readonly results: PhaseResult[] = [];
  readonly gaps = new GapMeter();
  readonly checkpoints = new CheckpointLog();
  /** Events of all phases. */
  events = 0;
  stateBytes = 0;
  phase: LoadPhase | null = null;
  readonly #store: ObservedStore;
  readonly #onResult: (result: PhaseResult) => void;
  #watch: () => Elapsed = startWatch();
  #eventsBefore = 0;
  #checkpointsBefore = 0;
  #waitedBeforeMs = 0;

  constructor(store: ObservedStore, onResult: (result: PhaseResult) => void = () => {}) {
    this.#store = store;
    this.#onResult = onResult;
  }

  /** For `LoadSourceOptions`. */
  readonly onPhase = (phase: LoadPhase | null): void => {
    if (this.phase !== null) this.#end(this.phase);
    this.phase = phase;
    this.#eventsBefore = this.events;
    const isPaced = phase !== null && phase.eventsPerSecond !== null;
    this.#store.latency = isPaced ? new LatencyHistogram() : null;
    this.#store.latencyFromMs = Math.floor(wallMs()) + settlingMs;
    this.#checkpointsBefore = this.checkpoints.count;
    this.gaps.reset();
    this.#waitedBeforeMs = waitedForCoreMs();
    this.#watch = startWatch();
  };

  /** For `LoadSourceOptions`. */
  readonly onBatch = (count: number): void => {
    this.events += count;
    this.gaps.mark();
  };

  /** For `RunLoad`. */
  readonly onProgress = ({ stateBytes, checkpoints }: RunProgress): void => {
    this.stateBytes = stateBytes;
    this.checkpoints.add(checkpoints);
  };

  #end({ name }: LoadPhase): void {
    const { elapsedMs, cpuMs } = this.#watch();
    const events = this.events - this.#eventsBefore;
    const memory = processMemory();
    const { latency } = this.#store;
    const result: PhaseResult = {
      phase: name,
      events,
      seconds: rounded(elapsedMs / 1000, 1),
      events_per_second: rounded((events * 1000) / elapsedMs),
      events_per_cpu_second: rounded((events * 1000) / cpuMs),
      waited_for_core_ms: rounded(waitedForCoreMs() - this.#waitedBeforeMs),
      rss_mb: memory?.rssMb ?? 0,
      anon_mb: memory?.anonMb ?? 0,
      state_bytes: this.stateBytes,
      pauses: this.gaps.summary(),
      checkpoints: this.checkpoints.summary(this.#checkpointsBefore),
      ...(latency === null ? {} : { latency: latency.summary() }),
    };
    this.results.push(result);
    this.#onResult(result);
  }
}
