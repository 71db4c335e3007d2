// A second job over history beside the first: what comparing says, how readers are switched while both
// go on, what corrections write and how all of it is taken back.
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  max,
  millrace,
  type RunProgress,
  rolling,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { file } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/run-cli.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
/** The first definition counts refunds as purchases; the corrected one does not. */
const spend = (sums: 'all' | 'paid', name = 'spend_1h') =>
  featureView('spend', {
    entity: user,
    from: purchases,
    features: (p) => ({
      [name]: (sums === 'all' ? sum(p.amount) : sum(p.amount).where(p.amount.gt(0))).over(
        rolling('1h'),
      ),
      count_1h: count().over(rolling('1h')),
      max_1h: max(p.amount).over(rolling('1h')),
    }),
  });

const startMs = Date.UTC(2026, 0, 5);
let folder = temporaryFolder();
let apps: App[] = [];
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
  folder.remove();
});

interface Parts {
  readonly view?: object;
  readonly online?: ReturnType<typeof embedded>;
  readonly rate?: number;
}

function configOf({ view = spend('all'), online = embedded('./online'), rate }: Parts): Config {
  const pace = rate === undefined ? {} : { ratePerSecond: rate };
  return defineConfig({
    project: 'shop',
    definitions: [{ view }],
    environments: {
      local: {
        streams: { purchases: file('./purchases.jsonl', pace) },
        online,
        deadLetters: './dead-letters',
      },
    },
  });
}

async function open(parts: Parts = {}): Promise<App> {
  const app = await millrace(configOf(parts), { baseDirectory: folder.path });
  apps.push(app);
  return app;
}

/** Purchases of `users` users, one a second; every thirtieth is a refund: of u0 and u10. */
function records(from: number, to: number, users = 20): string {
  let lines = '';
  for (let i = from; i < to; i++) {
    const amount = i % 30 === 0 ? -1.5 : 2.25;
    lines += `{"user_id":"u${i % users}","amount":${amount},"ts":${startMs + i * 1000}}\n`;
  }
  return lines;
}

function write(from: number, to: number): void {
  const path = join(folder.path, 'purchases.jsonl');
  if (from === 0) writeFileSync(path, records(from, to));
  else appendFileSync(path, records(from, to));
}

async function spendOf(app: App, user_id: string): Promise<unknown> {
  return (await app.read('spend', { user_id })).values['spend_1h'];
}

const changed = ['u0', 'u10'];

describe.each([
  ['embedded', () => embedded('./online')],
  ['memory', memoryStore],
])('a second job in the %s store', (_, create) => {
  it('equals the first under the same definition', async () => {
    write(0, 3000);
    const app = await open({ online: create() });
    await app.run();
    const replayed = await app.replay.run('next');
    expect(replayed).toMatchObject({ job: 'next', records_in: 3000, coverage: { behind: 0 } });
    const compared = await app.replay.compare('next');
    expect(compared).toMatchObject({ left: 'main', right: 'next', equal: true });
    expect(compared.views[0]).toMatchObject({
      same_definition: true,
      rows: { both: 20, only_left: 0, only_right: 0, unsettled: 0 },
    });
    expect(compared.views[0]?.features.map(({ equal }) => equal)).toEqual([20, 20, 20]);
  });

  it('differs where the definition does, and is promoted and rolled back in one step', async () => {
    write(0, 3000);
    const online = create();
    const app = await open({ online });
    await app.run();
    const server = await app.serve({ port: 0 });
    const fixed = await open({ online, view: spend('paid') });
    await fixed.replay.run('fixed');
    const { equal, views } = await fixed.replay.compare('fixed', { examples: 1 });
    expect(equal).toBe(false);
    const [sumOf, ...others] = views[0]?.features ?? [];
    expect(sumOf).toMatchObject({ feature: 'spend_1h', equal: 18, differing: 2, unsettled: 0 });
    expect(sumOf?.difference?.mean).toBeGreaterThan(0);
    expect(sumOf?.examples).toHaveLength(1);
    expect(others.map(({ differing }) => differing)).toEqual([0, 0]);

    const served = async (): Promise<unknown> => {
      const answer = await fetch(`${server.url}/v1/features/spend/u0`);
      return ((await answer.json()) as { features: { spend_1h: { value: number } } }).features
        .spend_1h.value;
    };
    const before = await spendOf(app, 'u0');
    expect(await served()).toBe(before);
    const promoted = await fixed.replay.promote('fixed');
    expect(promoted).toMatchObject({ from: 'main', to: 'fixed', version: 1 });
    // The reader knows the old definition only, and was not restarted.
    const after = await spendOf(app, 'u0');
    expect(after).toBeGreaterThan(before as number);
    expect(await served()).toBe(after);
    expect(await app.replay.readers()).toMatchObject({ job: 'fixed', version: 1 });
    await expect(app.replay.promote('fixed')).rejects.toMatchObject({ code: 'MR_STORE_ALIAS' });

    expect(await app.replay.rollback()).toMatchObject({ from: 'fixed', to: 'main' });
    expect([await spendOf(app, 'u0'), await served()]).toEqual([before, before]);
    expect(await app.replay.rollback()).toMatchObject({ from: 'main', to: 'fixed' });
    expect(await served()).toBe(after);
  });

  it('is refused while it lacks what readers see', async () => {
    write(0, 1000);
    const app = await open({ online: create() });
    await app.replay.run('next');
    write(1000, 1500);
    await app.run();
    const refused = app.replay.promote('next', { waitMs: 0 });
    await expect(refused).rejects.toMatchObject({ code: 'MR_REPLAY_BEHIND' });
    expect(await app.replay.readers()).toMatchObject({ job: 'main', version: 0 });
    expect((await app.replay.compare('next')).views[0]?.rows.unsettled).toBe(20);
    await app.replay.promote('next', { acceptBehind: true });
    expect(await app.replay.readers()).toMatchObject({ job: 'next' });
  });

  it('gives corrections to chosen keys, which can be taken back', async () => {
    write(0, 3000);
    const online = create();
    const app = await open({ online });
    await app.run();
    const fixed = await open({ online, view: spend('paid') });
    await fixed.replay.run('fixed');
    const before = await Promise.all(changed.map((id) => spendOf(app, id)));
    const keys = [
      { view: 'spend', key: { user_id: 'u0' } },
      { view: 'spend', key: { user_id: 'u1' } },
      { view: 'spend', key: { user_id: 'nobody' } },
    ];
    const planned = await fixed.replay.merge('fixed', { keys, dryRun: true });
    const counts = { corrected: 1, equal: 1, behind: 0, missing: 1 };
    expect(planned).toMatchObject({ dry_run: true, undo: null, views: { spend: counts } });
    expect(await spendOf(app, 'u0')).toBe(before[0]);
    await app.close();
    const merged = await fixed.replay.merge('fixed', { keys });
    expect(merged.views).toEqual({ spend: counts });
    const [u0, u10] = await Promise.all(changed.map((id) => spendOf(app, id)));
    expect([(u0 as number) > (before[0] as number), u10]).toEqual([true, before[1]]);
    await app.close();
    expect(await fixed.replay.undoMerge()).toMatchObject({ restored: 1, changed_since: 0 });
    expect(await spendOf(app, 'u0')).toBe(before[0]);
    await app.close();
    const [fromMs, toMs] = [startMs + 2990_000, startMs + 2991_000];
    const range = await fixed.replay.merge('fixed', { fromMs, toMs });
    expect(range.views).toEqual({ spend: { corrected: 1, equal: 0, behind: 0, missing: 0 } });
    expect(await spendOf(app, 'u10')).toBeGreaterThan(before[1] as number);
  });
});

describe('switching readers while both jobs go on', () => {
  it('loses no update that could be read when it began', { timeout: 60_000 }, async () => {
    const total = 12_000;
    write(0, total);
    const [live, second, reader] = [
      await open({ rate: 3000 }),
      await open({ rate: 4500 }),
      await open(),
    ];
    const [liveGoes, secondGoes] = [Promise.withResolvers(), Promise.withResolvers()];
    const going =
      (reached: PromiseWithResolvers<unknown>, records: number) => (progress: RunProgress) => {
        if (progress.recordsIn >= records) reached.resolve(null);
      };
    const liveRun = live.run({ onProgress: going(liveGoes, 1500) });
    await liveGoes.promise;
    const secondRun = second.replay.run('next', { onProgress: going(secondGoes, 500) });
    await secondGoes.promise;
    const look = async (): Promise<number[]> => {
      const reads = [];
      for (let i = 0; i < 20; i++) reads.push(await reader.read('spend', { user_id: `u${i}` }));
      return reads.map(({ eventTime }) => eventTime ?? 0);
    };
    const visible = await look();
    const promotion = await reader.replay.promote('next');
    const after = await look();
    expect(promotion.coverage).toMatchObject({ rows: 20, behind: 0 });
    expect(after.every((ms, i) => ms >= (visible[i] as number))).toBe(true);
    // Both were going on: neither side had seen everything.
    expect(Math.max(...visible)).toBeLessThan(startMs + (total - 1) * 1000);
    await Promise.all([liveRun, secondRun]);
    expect(await look()).toEqual(
      Array.from({ length: 20 }, (_, i) => startMs + (total - 20 + i) * 1000),
    );
    expect(await reader.replay.compare('next', { with: 'main' })).toMatchObject({ equal: true });
  });
});

describe('what is refused', () => {
  it('a job without rows, a name that is none, rows of another shape, a merge of everything', async () => {
    write(0, 100);
    const app = await open();
    await app.run();
    await expect(app.replay.promote('next')).rejects.toMatchObject({ code: 'MR_STORE_ALIAS' });
    await expect(app.replay.rollback()).rejects.toMatchObject({ code: 'MR_STORE_ALIAS' });
    for (const name of ['main', 'Next', '']) {
      await expect(app.replay.run(name)).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' });
    }
    const other = await open({ view: spend('all', 'spend_one_hour') });
    await other.replay.run('other');
    const promoted = other.replay.promote('other');
    await expect(promoted).rejects.toMatchObject({ code: 'MR_REPLAY_SHAPE' });
    const keys = [{ view: 'spend', key: { user_id: 'u1' } }];
    const merged = other.replay.merge('other', { keys });
    await expect(merged).rejects.toMatchObject({ code: 'MR_REPLAY_SHAPE' });
    await expect(app.replay.merge('other', {})).rejects.toMatchObject({ code: 'MR_USAGE' });
    const features = (await app.replay.compare('other')).views[0]?.features;
    expect(features?.map(({ feature, in: side }) => [feature, side])).toEqual([
      ['count_1h', 'both'],
      ['max_1h', 'both'],
      ['spend_1h', 'left'],
      ['spend_one_hour', 'right'],
    ]);
  });
});
