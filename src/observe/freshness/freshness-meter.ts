// From event to servable, per view: how long after a record happened its vector could be read. What is
// measured is what the online store has acknowledged, by the wall's clock, and only rows whose newest
// record is the one that made them: values that shrink are no news. A batch costs at most a few hundred
// steps, whatever its size.
import type { Clock } from '../../kernel/clock.ts';
import type { Gauge, Histogram, MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';

/** As `ViewNode`: the promise is part of the definition. */
export interface PromisedView {
  readonly name: string;
  readonly freshnessMs: number | null;
}

/** A batch of vectors, as far as times go. */
export interface TimedRows {
  readonly view: string;
  readonly rowCount: number;
  readonly eventTimeMs: Float64Array;
  readonly asOfMs: Float64Array;
}

export interface FreshnessOptions {
  readonly views: readonly PromisedView[];
  /** Share of rows that are to be servable within the promise. */
  readonly target: number;
  /** Over which the share is taken. */
  readonly windowMs: number;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
}

/** How fresh the rows of one view are; the share and quantiles are null before there are rows. */
export interface ViewFreshness {
  readonly view: string;
  readonly promiseMs: number | null;
  readonly target: number;
  /** Share of the window's rows that were servable within the promise; null without either. */
  readonly ratio: number | null;
  readonly rows: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Event times of a batch, kept until the store has it. */
export interface FreshnessSample {
  readonly view: string;
  readonly eventTimeMs: Float64Array;
  /** Rows that each of them stands for. */
  readonly weight: number;
}

const sampleMax = 256;
const slots = 30;

/** Upper bounds in ms, about a quarter apart where it matters. */
const bounds = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 350, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10_000],
  ...[15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 86_400_000],
];

export class FreshnessMeter {
  readonly #options: FreshnessOptions;
  readonly #views = new Map<string, ViewMeter>();

  constructor(options: FreshnessOptions) {
    this.#options = options;
    for (const view of options.views) this.#views.set(view.name, new ViewMeter(view, options));
  }

  /** What to tell once the batch is in the store; null when it has nothing new. */
  sample({ view, rowCount, eventTimeMs, asOfMs }: TimedRows): FreshnessSample | null {
    if (!this.#views.has(view)) return null;
    const stride = Math.max(1, Math.ceil(rowCount / sampleMax));
    const times = new Float64Array(Math.ceil(rowCount / stride));
    let count = 0;
    for (let row = 0; row < rowCount; row += stride) {
      const time = eventTimeMs[row] as number;
      if (asOfMs[row] === time) times[count++] = time;
    }
    if (count === 0) return null;
    return { view, eventTimeMs: times.subarray(0, count), weight: stride };
  }

  /** The batch can be read now. */
  servable({ view, eventTimeMs, weight }: FreshnessSample): void {
    const nowMs = this.#options.clock.nowMs();
    this.#views.get(view)?.add(eventTimeMs, weight, nowMs);
  }

  /** Of every view that had rows or has a promise; sets the gauges too. */
  read(): readonly ViewFreshness[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#views.values()].map((view) => view.read(nowMs));
  }
}

class ViewMeter {
  readonly #view: PromisedView;
  readonly #target: number;
  readonly #slotMs: number;
  readonly #histogram: Histogram;
  readonly #gauge: Gauge;
  /** Per slot of the window: rows, and rows within the promise. */
  readonly #rows = new Float64Array(slots);
  readonly #kept = new Float64Array(slots);
  #slot = 0;

  constructor(view: PromisedView, { target, windowMs, metrics }: FreshnessOptions) {
    this.#view = view;
    this.#target = target;
    this.#slotMs = windowMs / slots;
    const labels = { view: view.name };
    const help = 'From the time of an event until its vector can be read';
    this.#histogram = metrics.histogram('event_to_servable_ms', help, { bounds, labels });
    this.#gauge = metrics.gauge(
      'feature_freshness_slo_ratio',
      'Share of recent rows that were servable within the freshness of the view',
      labels,
    );
  }

  add(eventTimeMs: Float64Array, weight: number, nowMs: number): void {
    this.#advance(nowMs);
    const promiseMs = this.#view.freshnessMs ?? Number.POSITIVE_INFINITY;
    let kept = 0;
    for (const time of eventTimeMs) {
      const delayMs = Math.max(0, nowMs - time);
      if (delayMs <= promiseMs) kept += weight;
      this.#histogram.observe(delayMs, weight);
    }
    const at = this.#slot % slots;
    this.#rows[at] = (this.#rows[at] as number) + eventTimeMs.length * weight;
    this.#kept[at] = (this.#kept[at] as number) + kept;
  }

  read(nowMs: number): ViewFreshness {
    this.#advance(nowMs);
    const rows = this.#rows.reduce((sum, count) => sum + count, 0);
    const kept = this.#kept.reduce((sum, count) => sum + count, 0);
    const promiseMs = this.#view.freshnessMs;
    const ratio = rows === 0 || promiseMs === null ? null : kept / rows;
    this.#gauge.value = ratio ?? Number.NaN;
    const quantile = (q: number): number | null =>
      this.#histogram.count === 0 ? null : this.#histogram.quantile(q);
    return {
      view: this.#view.name,
      promiseMs,
      target: this.#target,
      ratio,
      rows,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
    };
  }

  /** Slots that have passed count no more. A clock that goes back stays in its slot. */
  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot <= this.#slot) return;
    const passed = Math.min(slots, slot - this.#slot);
    for (let i = 0; i < passed; i++) {
      const at = (slot - i) % slots;
      this.#rows[at] = 0;
      this.#kept[at] = 0;
    }
    this.#slot = slot;
  }
}
