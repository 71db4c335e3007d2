// A look at a store from outside, without opening it for anything: which views it has, how the server
// is set up for them, and some keys of each. What a user may not ask is left out.
import { systemClock } from '../../../kernel/clock.ts';
import type { StoreContext } from '../../../ports/online-store.ts';
import type { InspectedKey, StoreInspection } from '../../../ports/store-verification.ts';
import { requestFailure } from '../client/redis-errors.ts';
import { type RedisLink, openLink } from '../client/redis-link.ts';
import { scopeOf } from '../layout/key-names.ts';
import { layoutNamed } from '../layout/layouts.ts';
import type { ResolvedRedisOptions } from '../redis-options.ts';
import { StoreMeta, metaLayoutVersion } from './store-meta.ts';

export async function inspectRedis(
  options: ResolvedRedisOptions,
  context: StoreContext,
  keysPerView: number,
): Promise<StoreInspection> {
  const link = await openLink(options, systemClock);
  try {
    const scope = scopeOf(context.project, context.variant);
    const meta = new StoreMeta(link, scope, { clock: systemClock, keepsGreatest: false });
    await meta.load();
    const layout = layoutNamed(options.layout, { link, project: context.project, scope });
    const server = await serverFacts(link);
    const keys: InspectedKey[] = [];
    for (const { view } of context.views) {
      const recorded = meta.views.get(view);
      if (recorded !== undefined) keys.push(...(await layout.inspect(recorded, keysPerView)));
    }
    const problems = [...problemsOf(options, context, meta), ...server.problems];
    return { facts: { ...server.facts, ...factsOf(meta) }, keys, problems };
  } catch (error) {
    throw requestFailure(options.name, error);
  } finally {
    link.close();
  }
}

function factsOf(meta: StoreMeta): Record<string, string> {
  const asOf = meta.greatestAsOfMs;
  return {
    meta_key: meta.key,
    layout: meta.get('layout') ?? 'nothing was written',
    ...(asOf === null ? {} : { greatest_as_of: new Date(asOf).toISOString() }),
    ...(meta.get('note:checkpoint') === null
      ? {}
      : { checkpoint: meta.get('note:checkpoint') ?? '' }),
  };
}

function problemsOf(
  { layout }: ResolvedRedisOptions,
  { views }: StoreContext,
  meta: StoreMeta,
): readonly string[] {
  const found: string[] = [];
  if (meta.views.size === 0) found.push('no job of this project has written to this store');
  const written = meta.get('layout');
  if (written !== null && written !== `${metaLayoutVersion} ${layout}`) {
    found.push(`rows lie in layout ${written}, the configuration says ${layout}`);
  }
  if (meta.get('refilling') !== null) {
    found.push('rows were lost and are being written again, or the job that did so has died');
  }
  for (const { view, fingerprint } of views) {
    const recorded = meta.views.get(view);
    if (recorded === undefined) {
      if (meta.views.size > 0) found.push(`view "${view}" was never written`);
    } else if (recorded.view.fingerprint !== fingerprint) {
      found.push(`view "${view}" was written by another definition`);
    }
  }
  return found;
}

interface ServerFacts {
  readonly facts: Record<string, string>;
  readonly problems: readonly string[];
}

async function serverFacts(link: RedisLink): Promise<ServerFacts> {
  try {
    const [info = ''] = (await link.sendToAll(['INFO'])) as readonly string[];
    const value = (name: string): string =>
      new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
    const facts = {
      redis_version: value('redis_version'),
      used_memory: value('used_memory_human'),
      maxmemory: value('maxmemory_human'),
      maxmemory_policy: value('maxmemory_policy'),
      append_only_file: value('aof_enabled') === '1' ? 'on' : 'off',
      snapshots: value('rdb_last_save_time') === '' ? '' : value('rdb_last_bgsave_status'),
    };
    const evicts = value('maxmemory') !== '0' && !facts.maxmemory_policy.startsWith('noeviction');
    const problem = `maxmemory-policy is ${facts.maxmemory_policy}: the server may throw rows away without a word; set noeviction`;
    return { facts, problems: evicts ? [problem] : [] };
  } catch {
    // A user who may not ask: the keys can be looked at all the same.
    return { facts: {}, problems: [] };
  }
}
