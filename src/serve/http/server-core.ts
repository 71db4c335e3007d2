// What the routes of one server share, made of its options once.
import { systemClock } from '../../kernel/clock.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { type OnlineFeatures, createOnlineFeatures } from '../online/online-features.ts';
import { cachedStore } from '../read/cached-store.ts';
import { servingClock } from '../read/feature-status.ts';
import { type ServeMetrics, createServeMetrics } from '../read/serve-metrics.ts';
import { type ServedCatalogue, createServedCatalogue } from '../read/served-catalogue.ts';
import { type FeatureRoute, createFeatureRoute } from './feature-route.ts';
import type { AccessLog } from './gate/access-log.ts';
import { type Access, createAccess, openAccess } from './gate/access.ts';
import { type Admission, createAdmission } from './gate/admission.ts';
import type { FeatureServerOptions, ServeLog } from './server-options.ts';

export interface ServerCore {
  readonly catalogue: ServedCatalogue;
  readonly project: string;
  readonly strict: boolean;
  readonly store: OnlineStore;
  readonly bodyBytesMax: number;
  readonly metrics: ServeMetrics;
  readonly access: Access;
  readonly admission: Admission;
  readonly accessLog: AccessLog | null;
  readonly log: ServeLog | null;
  readonly onlineFeatures: OnlineFeatures;
  readonly featureRoute: FeatureRoute;
  readonly renderMetrics: FeatureServerOptions['renderMetrics'] | null;
  isClosing: boolean;
}

/** Throws MR_SERVE_TOKENS for grants that cannot be meant. */
export function createServerCore(options: FeatureServerOptions): ServerCore {
  const strict = options.feastStrict ?? false;
  const project = options.project ?? 'millrace';
  const catalogue = createServedCatalogue(options.plan);
  const clock = options.clock ?? systemClock;
  const metrics = metricsOf(options, catalogue);
  const store = storeOf(options, metrics);
  const now = servingClock(store, options.clockMode ?? 'wall', clock);
  const valuesMax = options.valuesMax ?? 1_000_000;
  const onServed = options.onServed ?? null;
  const parts = { catalogue, store, now, project, strict, metrics, valuesMax, onServed };
  const admission = createAdmission({
    deadlineMs: options.deadlineMs ?? 2000,
    inFlightMax: options.inFlightMax ?? 1024,
    loopDelayMsMax: options.loopDelayMsMax ?? 1000,
    // Not the server's: what *now* is may stand still, waiting does not.
    clock: systemClock,
  });
  const views = [...catalogue.views.keys(), ...catalogue.onDemand.keys()];
  const { tokens } = options;
  return {
    catalogue,
    project,
    strict,
    store,
    bodyBytesMax: options.bodyBytesMax ?? 8 * 1024 * 1024,
    metrics,
    access: tokens === undefined ? openAccess : createAccess(tokens, views),
    admission,
    accessLog: options.accessLog ?? null,
    log: options.log ?? null,
    onlineFeatures: createOnlineFeatures(parts),
    featureRoute: createFeatureRoute(parts),
    renderMetrics: options.renderMetrics ?? null,
    isClosing: false,
  };
}

function metricsOf(options: FeatureServerOptions, catalogue: ServedCatalogue): ServeMetrics {
  const views = [...catalogue.views.values(), ...catalogue.onDemand.values()];
  const registry = options.metrics ?? new MetricsRegistry();
  return createServeMetrics(registry, [...catalogue.views.keys()], () =>
    views.reduce((sum, v) => sum + v.feastJson.notFiniteCount() + v.json.notFiniteCount(), 0),
  );
}

function storeOf(options: FeatureServerOptions, { cache }: ServeMetrics): OnlineStore {
  const stalenessMs = options.cacheMs ?? 0;
  if (stalenessMs === 0) return options.store;
  const rowsMax = options.cacheRowsMax ?? 100_000;
  return cachedStore(options.store, { stalenessMs, rowsMax, clock: systemClock, counters: cache });
}
