// Each checkpoint of a run, as its progress tells of it.
import type { RunCheckpoints } from '../../src/app/run-report.ts';

interface CheckpointRow {
  readonly id: number;
  readonly durationMs: number;
  readonly alignMs: number;
  readonly bytes: number;
  readonly fullBytes: number;
}

export interface CheckpointSummary {
  readonly completed: number;
  readonly failed: number;
  readonly duration_p50_ms: number;
  readonly duration_max_ms: number;
  /** How long input stood still for one, by the engine's own watch. */
  readonly stop_p50_ms: number;
  readonly stop_max_ms: number;
  readonly added_mb: number;
  readonly full_mb: number;
}

export class CheckpointLog {
  counts = { completed: 0, failed: 0 };
  failure: string | null = null;
  readonly #rows: CheckpointRow[] = [];

  add({ completed, failed, failure, lastId, ...last }: RunCheckpoints): void {
    this.counts = { completed, failed };
    this.failure = failure ?? this.failure;
    if (lastId === null || this.#rows.at(-1)?.id === lastId) return;
    const { lastDurationMs: durationMs, lastAlignMs: alignMs } = last;
    const { lastBytes: bytes, lastFullBytes: fullBytes } = last;
    this.#rows.push({ id: lastId, durationMs, alignMs, bytes, fullBytes });
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Of all but the first `skipped`. */
  summary(skipped = 0): CheckpointSummary {
    const rows = this.#rows.slice(skipped);
    const at = (q: number, of: (row: CheckpointRow) => number): number => {
      const sorted = rows.map(of).toSorted((a, b) => a - b);
      return Math.round((sorted[Math.ceil(q * (sorted.length - 1))] ?? 0) * 10) / 10;
    };
    return {
      completed: rows.length,
      failed: this.counts.failed,
      duration_p50_ms: at(0.5, ({ durationMs }) => durationMs),
      duration_max_ms: at(1, ({ durationMs }) => durationMs),
      stop_p50_ms: at(0.5, ({ alignMs }) => alignMs),
      stop_max_ms: at(1, ({ alignMs }) => alignMs),
      added_mb: at(0.5, ({ bytes }) => bytes / 1e6),
      full_mb: at(1, ({ fullBytes }) => fullBytes / 1e6),
    };
  }
}
