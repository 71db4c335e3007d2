// What a run watches besides its job: how fresh its rows are, and whether time goes backward.
import type { Clock } from '../../kernel/clock.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { ClockWatch } from '../../observe/freshness/clock-watch.ts';
import { FreshnessMeter, type ViewFreshness } from '../../observe/freshness/freshness-meter.ts';
import { streamOf } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';
import { clockModeOf } from '../clock-mode.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';

export interface RunWatchOptions {
  readonly clock: Clock;
  readonly report: (message: string) => void;
  /** Default: of this run alone. */
  readonly metrics?: MetricsRegistry;
}

const defaultTarget = 0.999;
const defaultWindowMs = 300_000;

export class RunWatch {
  readonly metrics: MetricsRegistry;
  readonly clock: ClockWatch;
  readonly windowMs: number;
  /** Null under the events' clock: nothing there happens now. */
  readonly #freshness: FreshnessMeter | null;
  readonly #project: ResolvedProject;

  constructor(project: ResolvedProject, { clock, report, metrics }: RunWatchOptions) {
    this.#project = project;
    this.metrics = metrics ?? new MetricsRegistry();
    this.clock = new ClockWatch({ clock, metrics: this.metrics, report });
    const { target = defaultTarget, window = '' } = project.environment.freshness ?? {};
    this.windowMs = parseDuration(window) ?? defaultWindowMs;
    const isLive = clockModeOf(project) === 'wall' && project.environment.online !== undefined;
    const { views } = project.plan;
    const { windowMs } = this;
    this.#freshness = isLive
      ? new FreshnessMeter({ views, target, windowMs, clock, metrics: this.metrics })
      : null;
  }

  /** The same sink; what it has taken counts as servable. */
  measured(sink: VectorSink): VectorSink {
    const meter = this.#freshness;
    if (meter === null) return sink;
    return {
      ...sink,
      write(batch) {
        // Before: the batch is its producer's again when `write` returns.
        const sample = meter.sample(batch);
        const taken = sink.write(batch);
        if (sample === null) return taken;
        if (taken === undefined) return meter.servable(sample);
        return taken.then(() => meter.servable(sample));
      },
    };
  }

  /** At the start: what the job was heard of last, and what its store has. */
  compareTime(store: OnlineStore | null, heardMs: number | null): void {
    if (clockModeOf(this.#project) !== 'wall') return;
    const { plan } = this.#project;
    const ahead = plan.views.map((view) => streamOf(plan, view).eventTime.maxAheadMs);
    // Without a bound, rows say nothing of the time of day.
    const isBounded = ahead.every((ms) => ms !== null);
    const asOfMs = isBounded ? (store?.greatestAsOfMs() ?? null) : null;
    this.clock.since({ heardMs, asOfMs, aheadMs: Math.max(0, ...ahead.map((ms) => ms ?? 0)) });
  }

  /** How fresh views are; none under the events' clock. */
  freshness(): readonly ViewFreshness[] {
    return this.#freshness?.read() ?? [];
  }
}
