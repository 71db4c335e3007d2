// Whether time goes backward: between two runs of a job (its last sign of life, or the rows that it
// wrote, are later than now), and while it runs (the wall's clock falls behind one that cannot). Ages,
// ttl and values that shrink are wrong then, and nobody else would say so.
import type { Clock } from '../../kernel/clock.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { formatInstant } from '../../kernel/instant.ts';
import type { Gauge, MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';

export interface ClockWatchOptions {
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  /** Told each time that time has gone back. */
  readonly report: (message: string) => void;
}

/** What is known of the time before this run. */
export interface EarlierTime {
  /** When the job was last heard of; null when it never was. */
  readonly heardMs: number | null;
  /** The greatest `as_of` of the online store; null without one. */
  readonly asOfMs: number | null;
  /** How far ahead of its arrival a record may be: as far may `as_of` be. */
  readonly aheadMs: number;
}

/** A jump back of less is what clocks do when they are set right. */
const toleranceMs = 1000;

export class ClockWatch {
  /** The farthest jump back that was seen, and what was said of it. */
  wentBackMs = 0;
  message: string | null = null;
  readonly #options: ClockWatchOptions;
  readonly #gauge: Gauge;
  /** The wall's clock less the one that never goes back. */
  #offsetMs: number;

  constructor(options: ClockWatchOptions) {
    const { clock, metrics } = options;
    this.#options = options;
    this.#gauge = metrics.gauge('millrace_clock_went_back_ms', 'Farthest jump back in time');
    this.#gauge.value = 0;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
  }

  /** At the start of a run. */
  since({ heardMs, asOfMs, aheadMs }: EarlierTime): void {
    const nowMs = this.#options.clock.nowMs();
    if (heardMs !== null && nowMs < heardMs - toleranceMs) {
      this.#wentBack(
        heardMs - nowMs,
        `time has gone back since the last run: it is ${formatInstant(nowMs)}, and the job was heard of at ${formatInstant(heardMs)}`,
      );
    } else if (asOfMs !== null && nowMs < asOfMs - aheadMs - toleranceMs) {
      this.#wentBack(
        asOfMs - aheadMs - nowMs,
        `time has gone back: it is ${formatInstant(nowMs)}, and the online store has rows as of ${formatInstant(asOfMs)}`,
      );
    }
  }

  /** Now and then while it runs. */
  look(): void {
    const { clock } = this.#options;
    const offsetMs = clock.nowMs() - clock.monotonicMs();
    const backMs = this.#offsetMs - offsetMs;
    this.#offsetMs = offsetMs;
    if (backMs <= toleranceMs) return;
    this.#wentBack(backMs, `time has gone back by ${formatDuration(Math.round(backMs))}`);
  }

  #wentBack(ms: number, message: string): void {
    this.wentBackMs = Math.max(this.wentBackMs, Math.round(ms));
    this.#gauge.value = this.wentBackMs;
    this.message = message;
    this.#options.report(message);
  }
}
