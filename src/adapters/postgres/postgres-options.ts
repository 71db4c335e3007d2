// Options of `postgres(…)`, checked when the binding is made, with defaults filled in. A password never
// enters a message or a description.
import { type Duration, parseDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';

/** Certificates for a connection with TLS, as PEM text. */
export interface PostgresTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False accepts any certificate. Default true. */
  readonly verify?: boolean;
}

/** Options of `postgres(…)`. */
export interface PostgresOptions {
  /** Schema that the tables are in; it is made when it is not there. Default `'millrace'`. */
  readonly schema?: string;
  /** Also in the address. A function is asked for each connection, so that secrets may change. */
  readonly password?: string | (() => string | Promise<string>);
  /** `true`: TLS with the authorities that Node trusts. Default: as the address says (`sslmode`). */
  readonly tls?: boolean | PostgresTls;
  /** Connections at the most. Default 4. */
  readonly connectionsMax?: number;
  /** A read that takes longer fails with MR_STORE_AWAY. Default `'2s'`. */
  readonly readTimeout?: Duration;
  /** How long opening waits for a server that does not answer. Default `'10s'`. */
  readonly openTimeout?: Duration;
}

export interface ResolvedPostgresOptions {
  readonly url: string;
  readonly schema: string;
  readonly password: PostgresOptions['password'] | null;
  readonly tls: boolean | PostgresTls | null;
  readonly connectionsMax: number;
  readonly readTimeoutMs: number;
  readonly openTimeoutMs: number;
  /** Host and database without user and password, for messages. */
  readonly name: string;
}

const names = ['schema', 'password', 'tls', 'connectionsMax', 'readTimeout', 'openTimeout'];

export function resolvePostgresOptions(
  url: string,
  options: PostgresOptions,
): ResolvedPostgresOptions {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw wrong(`postgres(…) has no option "${unknown}"`, suggestName(unknown, names));
  }
  const { schema = 'millrace', connectionsMax = 4 } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw wrong(`"${schema}" cannot be a schema`, 'use lower case letters, digits and _');
  }
  if (!Number.isInteger(connectionsMax) || connectionsMax < 1 || connectionsMax > 100) {
    throw wrong(
      `connectionsMax is ${String(connectionsMax)}`,
      'write a whole number from 1 to 100',
    );
  }
  return {
    url,
    schema,
    password: options.password ?? null,
    tls: options.tls ?? null,
    connectionsMax,
    readTimeoutMs: durationOf('readTimeout', options.readTimeout ?? '2s'),
    openTimeoutMs: durationOf('openTimeout', options.openTimeout ?? '10s'),
    name: nameOf(url),
  };
}

function nameOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'postgres:' && parsed?.protocol !== 'postgresql:') {
    throw wrong(
      'the address of a Postgres must be a URL',
      "write 'postgres://user@host:5432/name'",
    );
  }
  return `${parsed.host}${parsed.pathname}`;
}

function durationOf(name: string, text: Duration): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  throw wrong(`${name} is ${JSON.stringify(text)}`, `write a duration, as in ${name}: '2s'`);
}

function wrong(message: string, fix: string): MillraceError {
  return new MillraceError('MR_CONFIG_INVALID', message, { fix });
}
