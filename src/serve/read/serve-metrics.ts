// Metrics of the server in the process's registry. Labels are routes, views and statuses only.
import type {
  Counter,
  Gauge,
  Histogram,
  MetricsRegistry,
} from '../../kernel/metrics/metrics-registry.ts';
import type { RowOrigin } from '../../ports/stores/read-origin.ts';
import type { FeatureStatus } from './feature-status.ts';

export interface ServeMetrics {
  readonly statuses: Readonly<Record<FeatureStatus, Counter>>;
  /** Values computed at read time that are null because they could not be computed. */
  readonly onDemandFailures: Counter;
  observeRequest(route: string, status: number, seconds: number): void;
  readonly observeAge: (view: string, ageMs: number) => void;
  /** Rows found and not found in the memory for hot keys. */
  readonly cache: { readonly hits: Counter; readonly misses: Counter };
  /** Requests refused because there were too many. */
  readonly shed: Counter;
  /** Rows by where they came from; made when a region is first read. */
  source(origin: RowOrigin): Counter;
  /** How long ago the copy of the region was complete. */
  replicaAge(): Gauge;
  /** All metrics of the registry as OpenMetrics text. */
  render(): string;
}

const secondBounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const ageBounds = [10, 100, 1000, 5000, 30_000, 60_000, 600_000, 3_600_000, 86_400_000];

/** Metrics with room for these views; `notFinite` says how many values were served as null. */
export function createServeMetrics(
  registry: MetricsRegistry,
  views: readonly string[],
  notFinite: () => number,
): ServeMetrics {
  const statusCounter = (status: FeatureStatus): Counter =>
    registry.counter('feature_status', 'Values served, by status', { status });
  const ages = new Map(views.map((view) => [view, ageHistogram(registry, view)]));
  const requests = new Map<string, Histogram>();
  const notFiniteCounter = registry.counter(
    'feature_not_finite',
    'Values served as null because JSON has no NaN and no infinities',
  );
  return {
    statuses: {
      PRESENT: statusCounter('PRESENT'),
      NULL_VALUE: statusCounter('NULL_VALUE'),
      NOT_FOUND: statusCounter('NOT_FOUND'),
      OUTSIDE_MAX_AGE: statusCounter('OUTSIDE_MAX_AGE'),
    },
    onDemandFailures: registry.counter(
      'on_demand_failures',
      'Values computed at read time that overflowed and were served as null',
    ),
    cache: {
      hits: registry.counter('feature_cache_hits', 'Rows served from memory'),
      misses: registry.counter('feature_cache_misses', 'Rows that were not in memory'),
    },
    shed: registry.counter('requests_shed', 'Requests refused because there were too many'),
    source: (source) =>
      registry.counter('feature_source', 'Rows of a region, by where they came from', { source }),
    replicaAge: () =>
      registry.gauge('replica_age_ms', 'Now less when the copy of the region was complete'),
    observeAge: (view, ageMs) => ages.get(view)?.observe(ageMs),
    observeRequest(route, status, seconds) {
      const key = `${status} ${route}`;
      const known = requests.get(key) ?? requestHistogram(registry, route, status);
      requests.set(key, known);
      known.observe(seconds);
    },
    render() {
      notFiniteCounter.value = notFinite();
      return registry.render();
    },
  };
}

function ageHistogram(registry: MetricsRegistry, view: string): Histogram {
  const help = 'Time of serving less event time of the row';
  return registry.histogram('feature_age_ms', help, { bounds: ageBounds, labels: { view } });
}

function requestHistogram(registry: MetricsRegistry, route: string, status: number): Histogram {
  return registry.histogram('request_duration_seconds', 'From request to answer', {
    bounds: secondBounds,
    labels: { route, status: String(status) },
  });
}
