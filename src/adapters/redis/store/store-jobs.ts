// The rows of several jobs in one Redis: each has keys of its own by its name. Whose rows readers are
// given is one key, moved by a script that compares its version; readers see a move within a second.
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import {
  type AliasState,
  type StoreAlias,
  type StoreJobs,
  type StoreRows,
  movedAlias,
  unmovedAlias,
} from '../../../ports/store-jobs.ts';
import { asOfMsOf } from '../../../columns/packed-row.ts';
import { requestFailure } from '../client/redis-errors.ts';
import { type RedisLink, openLink } from '../client/redis-link.ts';
import { readersKey, scopeOf } from '../layout/key-names.ts';
import { layoutNamed } from '../layout/layouts.ts';
import { evaluate } from '../layout/scan-keys.ts';
import type { ResolvedRedisOptions } from '../redis-options.ts';
import { withDeadline } from './deadline.ts';
import { moveAlias, raiseAsOf } from './scripts.ts';
import { StoreMeta } from './store-meta.ts';

/** Older than the first: asked for the next time; older than the second: waited for. */
const freshMs = 200;
const staleMs = 1000;

export function redisJobs(options: ResolvedRedisOptions): StoreJobs {
  return {
    openAlias: ({ project }) => openAlias(options, project),
    openRows: ({ project, variant }) => openRows(options, project, variant),
  };
}

async function openAlias(options: ResolvedRedisOptions, project: string): Promise<StoreAlias> {
  const { name, readTimeoutMs } = options;
  const key = readersKey(project);
  const link = await openLink(options, systemClock);
  let known: AliasState = unmovedAlias;
  let knownMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<AliasState> | null = null;
  const ask = async (): Promise<AliasState> => {
    const text = (await withDeadline(link.send(key, ['GET', key]), readTimeoutMs, name)) as
      | string
      | null;
    known = text === null ? unmovedAlias : (JSON.parse(text) as AliasState);
    knownMs = systemClock.monotonicMs();
    return known;
  };
  const refreshed = (): Promise<AliasState> => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
  return {
    current() {
      const ageMs = systemClock.monotonicMs() - knownMs;
      if (ageMs > staleMs) return refreshed();
      if (ageMs > freshMs) refreshed().catch(() => undefined);
      return known;
    },
    async move(change) {
      const before = await ask();
      const after = movedAlias({ ...before, version: change.from }, change);
      const args = [String(change.from), JSON.stringify(after)];
      const reply = await evaluate(link, moveAlias, [key], args).catch((error: unknown) => {
        throw requestFailure(name, error);
      });
      if (reply !== 1) throw movedMeanwhile(await ask());
      known = after;
      return after;
    },
    close() {
      link.close();
      return Promise.resolve();
    },
  };
}

function movedMeanwhile({ variant }: AliasState): MillraceError {
  const now = variant === null ? 'the first job' : `"${variant}"`;
  const message = `somebody else has switched readers meanwhile: they are given the rows of ${now}`;
  return new MillraceError('MR_STORE_ALIAS', message, {
    fix: 'look at what it is now (millrace promote --status), and decide again',
  });
}

async function openRows(
  options: ResolvedRedisOptions,
  project: string,
  variant: string | null,
): Promise<StoreRows> {
  const link = await openLink(options, systemClock);
  const scope = scopeOf(project, variant);
  const meta = new StoreMeta(link, scope, { clock: systemClock, keepsGreatest: false });
  await meta.load();
  if (meta.views.size === 0) {
    link.close();
    const who = variant === null ? `project "${project}"` : `"${variant}" of "${project}"`;
    throw new MillraceError('MR_STORE_OPEN', `redis ${options.name} has no rows of ${who}`, {
      context: { store: options.name },
      fix: 'run the job first',
    });
  }
  return rowsOf(options, link, meta, scope);
}

function rowsOf(
  options: ResolvedRedisOptions,
  link: RedisLink,
  meta: StoreMeta,
  scope: string,
): StoreRows {
  const project = scope.split('@')[0] ?? scope;
  const layout = layoutNamed(options.layout, { link, project, scope });
  return {
    views: [...meta.views.values()].map(({ view }) => view),
    async read(view, keys) {
      const recorded = meta.views.get(view);
      return recorded === undefined ? keys.map(() => null) : layout.read(recorded, keys);
    },
    async *scan(view) {
      const recorded = meta.views.get(view);
      if (recorded !== undefined) yield* layout.scan(recorded);
    },
    async replace(view, rows) {
      const recorded = meta.views.get(view);
      if (recorded === undefined) return rows.map(() => false);
      const done: boolean[] = [];
      for (const row of rows) {
        const isDone = await layout.replace(recorded, row);
        done.push(isDone);
        if (!isDone || row.row === null) continue;
        await evaluate(link, raiseAsOf, [meta.key], [String(asOfMsOf(row.row))]);
      }
      return done;
    },
    close() {
      link.close();
      return Promise.resolve();
    },
  };
}
