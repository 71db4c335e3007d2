// Metrics of the server as plain numbers in fixed slots, printed as OpenMetrics text. Labels are
// views and statuses only: never keys.
import type { FeatureStatus } from './feature-status.ts';

export interface ServeMetrics {
  readonly statusCounts: Record<FeatureStatus, number>;
  observeRequest(route: string, status: number, seconds: number): void;
  observeAge(view: string, ageMs: number): void;
  /** OpenMetrics text without the final `# EOF`. */
  text(): string;
}

interface Histogram {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum: number;
}

const secondBounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const ageBounds = [10, 100, 1000, 5000, 30_000, 60_000, 600_000, 3_600_000, 86_400_000];

function histogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: new Float64Array(bounds.length + 1), sum: 0 };
}

function observe(target: Histogram, value: number): void {
  let slot = 0;
  while (slot < target.bounds.length && value > (target.bounds[slot] as number)) slot++;
  target.counts[slot] = (target.counts[slot] as number) + 1;
  target.sum += value;
}

function histogramLines(
  name: string,
  labels: string,
  { bounds, counts, sum }: Histogram,
): string[] {
  let total = 0;
  const lines: string[] = [];
  for (const [i, count] of counts.entries()) {
    total += count;
    const bound = bounds[i] ?? '+Inf';
    lines.push(`${name}_bucket{${labels},le="${bound}"} ${total}`);
  }
  return [...lines, `${name}_count{${labels}} ${total}`, `${name}_sum{${labels}} ${sum}`];
}

/** Metrics with room for these views; `notFinite` says how many values were served as null. */
export function createServeMetrics(
  views: readonly string[],
  notFinite: () => number,
): ServeMetrics {
  const statusCounts = { PRESENT: 0, NULL_VALUE: 0, NOT_FOUND: 0, OUTSIDE_MAX_AGE: 0 };
  const ages = new Map(views.map((view) => [view, histogram(ageBounds)]));
  const requests = new Map<string, Histogram>();
  return {
    statusCounts,
    observeAge(view, ageMs) {
      const ageOfView = ages.get(view);
      if (ageOfView !== undefined) observe(ageOfView, ageMs);
    },
    observeRequest(route, status, seconds) {
      const labels = `route="${route}",status="${status}"`;
      let durations = requests.get(labels);
      if (durations === undefined) requests.set(labels, (durations = histogram(secondBounds)));
      observe(durations, seconds);
    },
    text: () =>
      [
        '# TYPE feature_status counter',
        ...Object.entries(statusCounts).map(
          ([status, count]) => `feature_status_total{status="${status}"} ${count}`,
        ),
        '# TYPE feature_not_finite counter',
        `feature_not_finite_total ${notFinite()}`,
        '# TYPE request_duration_seconds histogram',
        ...[...requests].flatMap(([labels, durations]) =>
          histogramLines('request_duration_seconds', labels, durations),
        ),
        '# TYPE feature_age_ms histogram',
        ...[...ages].flatMap(([view, age]) =>
          histogramLines('feature_age_ms', `view="${view}"`, age),
        ),
        '',
      ].join('\n'),
  };
}
