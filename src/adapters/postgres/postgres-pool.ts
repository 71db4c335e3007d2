// Connections to a Postgres behind one call: statements with a deadline, and what goes wrong sorted
// into a server that is away (try again) and one that refuses (do not). The client library is an
// optional peer: it is loaded when a store is opened, not before.
import type { Pool, PoolConfig } from 'pg';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ResolvedPostgresOptions } from './postgres-options.ts';

/** Rows as objects by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

export interface Sql {
  (text: string, values?: readonly unknown[]): Promise<readonly SqlRow[]>;
}

export interface PostgresPool {
  /** One statement by itself. Throws MR_STORE_AWAY, MR_STORE_OPEN, MR_STORE_FULL. */
  readonly sql: Sql;
  /** Several statements in one transaction. */
  transaction<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openPool(options: ResolvedPostgresOptions): Promise<PostgresPool> {
  const { default: pg } = await loadClient();
  const pool: Pool = new pg.Pool(poolConfig(options));
  // A connection may break while it runs no statement, in the pool or within a transaction: what is
  // asked of it next says so. Without a listener each of these would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const run = async <T>(task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      throw postgresError(error, options.name);
    }
  };
  return {
    sql: (text, values = []) => run(async () => (await pool.query(text, [...values])).rows),
    transaction: (body) =>
      run(async () => {
        const client = await pool.connect();
        let failure: Error | undefined;
        try {
          await client.query('BEGIN');
          const result = await body(
            async (text, values = []) => (await client.query(text, [...values])).rows,
          );
          await client.query('COMMIT');
          return result;
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error));
          await client.query('ROLLBACK').catch(() => undefined);
          throw error;
        } finally {
          // A connection that failed is not used again.
          client.release(failure);
        }
      }),
    close: () => pool.end(),
  };
}

async function loadClient(): Promise<typeof import('pg')> {
  try {
    return await import('pg');
  } catch (cause) {
    throw new MillraceError('MR_CONFIG_INVALID', 'Postgres needs the package pg', {
      cause,
      fix: 'npm install pg@8.23.1',
    });
  }
}

function poolConfig(options: ResolvedPostgresOptions): PoolConfig {
  const { url, password, tls, connectionsMax, readTimeoutMs, openTimeoutMs } = options;
  const ssl =
    tls === null || typeof tls === 'boolean'
      ? tls
      : {
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: tls.key }),
          rejectUnauthorized: tls.verify ?? true,
        };
  return {
    connectionString: url,
    ...(password === null || password === undefined ? {} : { password }),
    ...(ssl === null ? {} : { ssl }),
    max: connectionsMax,
    connectionTimeoutMillis: Math.min(readTimeoutMs, openTimeoutMs),
    query_timeout: readTimeoutMs,
    application_name: 'millrace',
    keepAlive: true,
  };
}

/** Classes of SQLSTATE that pass by themselves: connection, resources, shutdown, conflicts. */
const passing = ['08', '53', '57', '40', '55'];

/** An error of the client as ours; it never throws. */
export function postgresError(error: unknown, name: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = error instanceof Error ? error.message : String(error);
  const details = { cause: error, context: { store: name } };
  if (code === '53100') {
    const fix = 'make room on its disk; the job waits and goes on by itself';
    return new MillraceError('MR_STORE_FULL', `postgres ${name} is full: ${reason}`, {
      ...details,
      fix,
    });
  }
  const isState = /^[0-9A-Z]{5}$/.test(code);
  if (isState && !passing.includes(code.slice(0, 2))) {
    return new MillraceError('MR_STORE_OPEN', `postgres ${name} refuses: ${reason} (${code})`, {
      ...details,
      fix: 'see that the user may use the schema and create tables in it',
    });
  }
  return new MillraceError('MR_STORE_AWAY', `postgres ${name} does not answer: ${reason}`, {
    ...details,
    fix: 'start it, or correct its address; what was not acknowledged is written again',
  });
}
