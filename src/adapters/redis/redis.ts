// A Redis online store as an environment names it. Making the binding checks its options and loads
// nothing; opening it is `store/open-store.ts`.
import type { OnlineStoreBinding } from '../../ports/online-store.ts';
import { feastProblems } from './feast-layout/feast-problems.ts';
import { type RedisOptions, resolveRedisOptions } from './redis-options.ts';
import { inspectRedis } from './store/inspect-store.ts';
import { openRedisStore } from './store/open-store.ts';
import { redisJobs } from './store/store-jobs.ts';

/** Redis as the online store of an environment. */
export interface RedisBinding extends OnlineStoreBinding {
  readonly kind: 'redis';
  readonly url: string;
  readonly options: RedisOptions;
}

/**
 * Binds the online store to a Redis server (6.2 or newer), or to a cluster of them:
 * `redis('redis://localhost:6379')`; `rediss://` for TLS.
 *
 * **Shape:** newest feature vector per view and key, one job writing, any number of readers.
 * **Guarantee:** versions are compared in the server, so a replay never moves a value back. A server
 * that is away, full or a replica holds the job back and loses nothing; one that comes back without
 * rows is filled again from the job's state. **State growth:** one row per view and key, which expires
 * after the view's `ttl` when *now* is wall time. **Needs** the package `redis`, when the store is opened.
 *
 * Errors: MR_CONFIG_INVALID for wrong options; MR_STORE_OPEN, MR_STORE_SCHEMA when opened; MR_STORE_AWAY
 * for reads that get no answer.
 */
export function redis(url: string, options: RedisOptions = {}): RedisBinding {
  const resolved = resolveRedisOptions(url, options);
  return Object.freeze({
    kind: 'redis' as const,
    url,
    options: Object.freeze({ ...options }),
    description: `redis ${resolved.name}`,
    open: (context) => openRedisStore(resolved, context),
    jobs: redisJobs(resolved),
    inspect: (context, keysPerView) => inspectRedis(resolved, context, keysPerView),
    ...(resolved.layout === 'feast' ? { problems: feastProblems } : {}),
  } satisfies RedisBinding);
}
