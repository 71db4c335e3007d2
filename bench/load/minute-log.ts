// A line a minute of a long run, and at its end whether memory grew and latency drifted.
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts';
import { rounded } from './measure.ts';
import { processMemory, waitedForCoreMs } from './process-memory.ts';

export interface MinuteRow extends LatencySummary {
  readonly minute: number;
  /** Time in which the main thread had work and no core: what other programs took. */
  readonly waited_for_core_ms: number;
  readonly rss_mb: number;
  readonly anon_mb: number;
  /** What JavaScript objects take, and what V8 has reserved for them: garbage lies in between. */
  readonly heap_mb: number;
  readonly heap_reserved_mb: number;
  /** Columns, tables, images: everything in typed arrays. */
  readonly buffers_mb: number;
  readonly state_mb: number;
  readonly checkpoints_ok: number;
  readonly checkpoints_failed: number;
}

export interface Drift {
  /** Least squares over the last two thirds of the minutes. */
  readonly rss_mb_per_hour: number;
  readonly anon_mb_per_hour: number;
  readonly p99_first_third_ms: number;
  readonly p99_last_third_ms: number;
}

export class MinuteLog {
  readonly rows: MinuteRow[] = [];
  readonly #latencies: LatencyHistogram[] = [];
  #waitedMs = waitedForCoreMs();

  add(
    latency: LatencyHistogram,
    state: { readonly bytes: number; readonly completed: number; readonly failed: number },
  ): MinuteRow {
    const memory = processMemory();
    const { heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
    const waitedMs = waitedForCoreMs();
    const row = {
      minute: this.rows.length + 1,
      waited_for_core_ms: rounded(waitedMs - this.#waitedMs),
      rss_mb: memory?.rssMb ?? 0,
      anon_mb: memory?.anonMb ?? 0,
      heap_mb: rounded(heapUsed / 2 ** 20),
      heap_reserved_mb: rounded(heapTotal / 2 ** 20),
      buffers_mb: rounded(arrayBuffers / 2 ** 20),
      state_mb: rounded(state.bytes / 2 ** 20),
      ...latency.summary(),
      checkpoints_ok: state.completed,
      checkpoints_failed: state.failed,
    };
    this.#waitedMs = waitedMs;
    this.rows.push(row);
    this.#latencies.push(latency);
    return row;
  }

  drift(): Drift {
    const count = this.rows.length;
    const late = this.rows.slice(Math.floor(count / 3));
    const perHour = (of: (row: MinuteRow) => number): number =>
      rounded(slope(late.map((row) => ({ x: row.minute, y: of(row) }))) * 60, 1);
    const p99 = (rows: readonly LatencyHistogram[]): number => {
      const all = new LatencyHistogram();
      for (const row of rows) all.addAll(row);
      return rounded(all.quantile(0.99), 1);
    };
    const third = Math.max(1, Math.floor(count / 3));
    return {
      rss_mb_per_hour: perHour((row) => row.rss_mb),
      anon_mb_per_hour: perHour((row) => row.anon_mb),
      p99_first_third_ms: p99(this.#latencies.slice(0, third)),
      p99_last_third_ms: p99(this.#latencies.slice(-third)),
    };
  }
}

/** Of the line through points with the least squares of distances; 0 for fewer than two. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x0 = mean(({ x }) => x);
  const y0 = mean(({ y }) => y);
  const spread = points.reduce((sum, { x }) => sum + (x - x0) ** 2, 0);
  if (points.length < 2 || spread === 0) return 0;
  return points.reduce((sum, { x, y }) => sum + (x - x0) * (y - y0), 0) / spread;
}
