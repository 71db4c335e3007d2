// A Redis online store as an environment names it. This version keeps the address but has no
// client: opening the binding throws MR_NOT_AVAILABLE.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { OnlineStore, OnlineStoreBinding } from '../../ports/online-store.ts';
import type { Unavailable } from '../../ports/unavailable.ts';

/** Options of `redis(…)`. */
export interface RedisOptions {
  /** `packed`: one value per view and entity. `feast`: readable by a stock Feast SDK. Default `'packed'`. */
  readonly layout?: 'packed' | 'feast';
}

/** Redis as the online store of an environment. */
export interface RedisBinding extends OnlineStoreBinding, Unavailable {
  readonly kind: 'redis';
  readonly url: string;
  readonly options: RedisOptions;
}

/**
 * Binds the online store to a Redis server: `redis('redis://localhost:6379')`.
 *
 * This version cannot talk to Redis yet: an environment with this binding can be planned and
 * checked (`check` reports it), but neither run nor read.
 *
 * Errors: MR_CONFIG_INVALID for a text that is not a redis URL; MR_NOT_AVAILABLE when opened.
 */
export function redis(url: string, options: RedisOptions = {}): RedisBinding {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    throw new MillraceError('MR_CONFIG_INVALID', `redis(…): "${url}" is not a redis URL`, {
      fix: "write redis('redis://localhost:6379')",
    });
  }
  const { host } = new URL(url);
  const unavailable = {
    message: 'this version cannot use Redis yet',
    fix: "use embedded('./.millrace/online') of 'millrace/embedded'",
  };
  return Object.freeze({
    kind: 'redis' as const,
    url,
    options: Object.freeze({ ...options }),
    description: `redis ${host}`,
    unavailable,
    open(): Promise<OnlineStore> {
      const { message, fix } = unavailable;
      return Promise.reject(new MillraceError('MR_NOT_AVAILABLE', `${host}: ${message}`, { fix }));
    },
  });
}
