// Options of `redis(…)`, checked when the binding is made, with defaults filled in. A password never
// enters a message or a description.
import { type Duration, parseDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';

/** Certificates for a connection with TLS, as PEM text. */
export interface RedisTls {
  /** Authorities that the server's certificate may come from. Default: those that Node trusts. */
  readonly ca?: string;
  /** Our own certificate and key, where the server asks for one. */
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** The name that the server's certificate must have. Default: the host of its address. */
  readonly serverName?: string;
  /** False accepts any certificate. Default true. */
  readonly verify?: boolean;
}

/** Options of `redis(…)`. */
export interface RedisOptions {
  /** `packed`: one value per view and entity. `feast`: readable by a stock Feast SDK. Default `'packed'`. */
  readonly layout?: 'packed' | 'feast';
  /** The servers form a Redis Cluster; `true`, or addresses of more of its nodes. Default false. */
  readonly cluster?: boolean | readonly string[];
  /** User of the access control list; also in the address (`redis://user:password@host`). */
  readonly username?: string;
  /** A function is asked for each connection, so that secrets may change. */
  readonly password?: string | (() => string | Promise<string>);
  /** Certificates; `rediss://` alone trusts those that Node trusts. */
  readonly tls?: RedisTls;
  /** A read that takes longer fails with MR_STORE_AWAY. Default `'2s'`. */
  readonly readTimeout?: Duration;
  /** How long opening waits for a server that does not answer. Default `'10s'`. */
  readonly openTimeout?: Duration;
  /** Scripts that are under way at the same time. Default 8. */
  readonly inFlightMax?: number;
}

/** The same with defaults filled in. */
export interface ResolvedRedisOptions {
  readonly layout: 'packed' | 'feast';
  /** Addresses; more than one only of a cluster. */
  readonly urls: readonly string[];
  readonly isCluster: boolean;
  readonly username: string | null;
  readonly password: string | (() => string | Promise<string>) | null;
  readonly tls: RedisTls | null;
  readonly readTimeoutMs: number;
  readonly openTimeoutMs: number;
  readonly inFlightMax: number;
  /** Hosts without user and password, for messages. */
  readonly name: string;
}

const names = [
  ...['layout', 'cluster', 'username', 'password', 'tls', 'readTimeout', 'openTimeout'],
  'inFlightMax',
];

/** Throws MR_CONFIG_INVALID for an address or options that can be no store. */
export function resolveRedisOptions(url: string, options: RedisOptions): ResolvedRedisOptions {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) refuse(`has no option "${name}"`, suggestName(name, names));
  }
  const { layout = 'packed', cluster = false, inFlightMax = 8 } = options;
  if (layout !== 'packed' && layout !== 'feast') {
    refuse(`layout is ${JSON.stringify(layout)}`, "write 'packed' or 'feast'");
  }
  if (!Number.isInteger(inFlightMax) || inFlightMax < 1 || inFlightMax > 1024) {
    refuse(`inFlightMax is ${JSON.stringify(inFlightMax)}`, 'write a whole number from 1 to 1024');
  }
  const urls = [url, ...(Array.isArray(cluster) ? (cluster as readonly string[]) : [])];
  const hosts = urls.map(hostOf);
  const { username = null, password = null, tls = null } = options;
  return Object.freeze({
    layout,
    urls,
    isCluster: cluster !== false,
    username,
    password,
    tls,
    readTimeoutMs: milliseconds('readTimeout', options.readTimeout ?? '2s'),
    openTimeoutMs: milliseconds('openTimeout', options.openTimeout ?? '10s'),
    inFlightMax,
    name: hosts.join(','),
  });
}

/** Host and port of an address; throws when it is none, without quoting a password. */
function hostOf(url: unknown): string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:')) {
    const shown = String(url).replace(/\/\/[^@]*@/, '//…@');
    return refuse(`"${shown}" is not a redis URL`, "write redis('redis://localhost:6379')");
  }
  return parsed.host;
}

function milliseconds(name: string, duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms === null || ms < 1) refuse(`${name} is ${JSON.stringify(duration)}`, "write '2s'");
  return ms ?? 0;
}

function refuse(message: string, fix: string | undefined): never {
  throw new MillraceError('MR_CONFIG_INVALID', `redis(…): ${message}`, {
    fix: fix ?? 'leave it out',
  });
}
