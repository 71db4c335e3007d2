// A Postgres online store as an environment names it. Making the binding checks its options and loads
// nothing; opening it is `postgres-store.ts`.
import type { OnlineStoreBinding } from '../../ports/online-store.ts';
import { type PostgresOptions, resolvePostgresOptions } from './postgres-options.ts';
import { openPostgresStore } from './postgres-store.ts';

/**
 * Binds the online store to a Postgres (13 or newer): `postgres('postgres://user@host:5432/features')`.
 *
 * **Shape:** a table per view in a schema of its own (default `millrace`): the key and the features as
 * typed columns, `event_time`, `as_of`, and the packed row that reads are answered from. Tables are made
 * and changed with the definitions. **Guarantee:** versions (`as_of`, `seq`) are compared in the server,
 * so a replay never moves a value back; a server that is away or full holds the job back and loses
 * nothing. **State growth:** one row per view and key. **Needs** the package `pg`, when the store is
 * opened. A store for the centre of several regions (`millrace/regions`): reads take milliseconds.
 *
 * Errors: MR_CONFIG_INVALID for wrong options; MR_STORE_OPEN, MR_STORE_SCHEMA when opened; MR_STORE_AWAY
 * for reads that get no answer.
 */
export function postgres(url: string, options: PostgresOptions = {}): OnlineStoreBinding {
  const resolved = resolvePostgresOptions(url, options);
  return Object.freeze({
    description: `postgres ${resolved.name}`,
    open: (context) => openPostgresStore(resolved, context),
  } satisfies OnlineStoreBinding);
}
