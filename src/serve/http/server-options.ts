// What a feature server can be told. Everything but the plan and the store has a default.
import type { Clock } from '../../kernel/clock.ts';
import type { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Plan } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { ClockMode } from '../read/feature-status.ts';
import type { ServedListener } from '../read/served-rows.ts';
import type { AccessLog } from './gate/access-log.ts';
import type { TokenGrant } from './gate/access.ts';
import type { ServerRoute } from './server-route.ts';

/** Takes the server's messages; never keys or values. */
export interface ServeLog {
  info(message: string): void;
  error(message: string): void;
}

/** What a feature server serves, where, and how strictly; only plan and store are needed. */
export interface FeatureServerOptions {
  readonly plan: Plan;
  readonly store: OnlineStore;
  /** Default 6566; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Named in Feast's errors. Default `millrace`. */
  readonly project?: string;
  /** What *now* is for ttl and age. Default `wall`. */
  readonly clockMode?: ClockMode;
  readonly clock?: Clock;
  /** Answers as Feast's own server does: every status PRESENT, its texts and its 500s. */
  readonly feastStrict?: boolean;
  readonly log?: ServeLog;
  /** Largest request body; default 8 MiB. */
  readonly bodyBytesMax?: number;
  /** Most values (rows × features) of an answer; default 1,000,000. */
  readonly valuesMax?: number;
  /** The registry behind `/metrics`; give the engine's when both run in one process. */
  readonly metrics?: MetricsRegistry;
  /** Takes notice of each answer, once per view in it. */
  readonly onServed?: ServedListener;
  /** Routes besides the server's own. */
  readonly routes?: readonly ServerRoute[];
  /** Tokens and what they open; absent: whoever reaches the server may do everything. */
  readonly tokens?: readonly TokenGrant[];
  /** How long a request may take, ms; then it is answered with 503. Default 2,000. */
  readonly deadlineMs?: number;
  /** Most requests answered at once; more are answered with 503. Default 1,024. */
  readonly inFlightMax?: number;
  /** The most that the event loop may be late, ms, before requests are refused; 0: any. Default 1,000. */
  readonly loopDelayMsMax?: number;
  /** How long rows may be served from memory, ms. Default 0: they are read each time. */
  readonly cacheMs?: number;
  /** Most rows in memory. Default 100,000. */
  readonly cacheRowsMax?: number;
  readonly accessLog?: AccessLog;
  /** What `/metrics` says, of what this process would say. Default: just that. */
  readonly renderMetrics?: (own: () => string) => () => Promise<string>;
}

/** A running feature server: where it answers, and how to stop it. */
export interface FeatureServer {
  readonly url: string;
  /** Stops taking requests, answers those that are in, then resolves. */
  close(): Promise<void>;
}
