// The incident of 3 AM from the command line, on files: an int turns float. Nothing stops, nothing is
// lost; the operator sees it, fixes copies, replays them and applies what came late; then everything
// that anybody reads is what it is in a run where it never happened.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliHost, jsonOf, temporaryFolder, writeFiles } from '../cli/run-cli.ts';
import { asItCame, definitions, incident, meant, purchasesOf } from './incident-data.ts';
import { inForce, readLog } from './read-log.ts';

const config = `
import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import * as shop from './features/shop.ts';

const at = (folder: string, data: string, more = {}) => ({
  streams: { purchases: file(data) },
  online: embedded(\`./.millrace/\${folder}/online\`),
  offline: featureLog(\`./.millrace/\${folder}/offline\`),
  deadLetters: { directory: \`./.millrace/\${folder}/dead-letters\`, ...more },
  checkpoints: { directory: \`./.millrace/\${folder}/checkpoints\` },
});

export default defineConfig({
  project: 'incident',
  definitions: [shop],
  environments: {
    local: at('local', './data/purchases.jsonl'),
    undisturbed: at('undisturbed', './data/undisturbed.jsonl'),
    poisoned: at('poisoned', './data/poisoned.jsonl', { breakerRecords: 500 }),
  },
});
`;

interface Letters {
  readonly total: number;
  readonly groups: readonly { code: string; count: number; open: number; replayed: number }[];
  readonly letters: readonly { id: string; state: string; event: string; fixed_event: string }[];
}

interface Outcomes {
  readonly done: readonly { id: string; event: string }[];
  readonly refused: readonly { id: string; problem: string }[];
}

interface Applied {
  readonly views: Record<
    'user_spend',
    { late_records: number; replayed_records: number; log_rows: number; store_rows: number }
  >;
}

const night = { records: 6000, every: 3 };
const folder = temporaryFolder();
const shop = folder.path;
const cli = new CliHost();
const run = (...args: readonly string[]) => cli.run(shop, ...args);
const data = (name: string): string => readFileSync(join(shop, name), 'utf8');

beforeAll(() => {
  const purchases = purchasesOf(night);
  writeFiles(shop, {
    'features/shop.ts': definitions,
    'millrace.config.ts': config,
    'data/purchases.jsonl': `${purchases.map((p, i) => asItCame(p, i, night)).join('\n')}\n`,
    'data/undisturbed.jsonl': `${purchases.map(meant).join('\n')}\n`,
    'data/poisoned.jsonl': `${purchases.map((p, i) => asItCame(p, i, { ...night, every: 1 })).join('\n')}\n`,
    'fix-cents.ts': `export function fix(record: { cents: number }) { return { ...record, cents: Math.floor(record.cents) }; }\n`,
    'labels.csv': `user_id,event_timestamp\n${Array.from({ length: 100 }, (_, i) => `u${i},${incident.fromMs + i * 36_000}`).join('\n')}\n`,
  });
}, 60_000);

afterAll(() => {
  cli.stop();
  folder.remove();
});

describe('an int field that turns float at 3 AM', { timeout: 60_000 }, () => {
  let broken = 0;

  it('stops nothing and loses nothing: what cannot be read is a dead letter, and it is said', async () => {
    const first = await run('run', '--until-end', '--json');
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/records of "purchases" failed, the newest with MR_DATA_TYPE/);
    const { records_in, dead_letters } = jsonOf<Record<string, number>>(first);
    broken = data('data/purchases.jsonl')
      .split('\n')
      .filter((line) => line.includes('.')).length;
    expect({ records_in, dead_letters }).toEqual({ records_in: 6000, dead_letters: broken });
    expect(broken).toBe(400);
  });

  it('is seen in the list, one reason for all, each with its record', async () => {
    const list = jsonOf<Letters>(await run('dlq', 'ls', '--limit', '500', '--json'));
    expect(list.groups).toMatchObject([{ code: 'MR_DATA_TYPE', count: 400, open: 400 }]);
    const events = data('data/purchases.jsonl')
      .split('\n')
      .filter((line) => line.includes('.'));
    expect(new Set(list.letters.map(({ event }) => event))).toEqual(new Set(events));
    const [letter] = list.letters;
    const shown = await run('dlq', 'show', letter?.id.slice(0, 8) ?? '');
    expect(shown.stdout).toContain('not a whole number, as int64 needs');
    expect(await run('dlq', 'show', 'ffffffffffff')).toMatchObject({ code: 1 });
  });

  it('cannot be replayed as it is, nor fixed by what the stream would refuse', async () => {
    const asIs = await run('dlq', 'replay', '--all', '--json');
    expect(asIs.code).toBe(1);
    expect(jsonOf<Outcomes>(asIs).done).toEqual([]);
    expect(jsonOf<Outcomes>(asIs).refused[0]?.problem).toContain('it would fail again');
    const wrong = await run('dlq', 'fix', '--all', '--set', '.cents |= tostring', '--json');
    expect(wrong.code).toBe(1);
    expect(jsonOf<Outcomes>(wrong).refused).toHaveLength(400);
    expect((await run('dlq', 'fix', '--all')).code).toBe(2);
    expect((await run('dlq', 'replay')).code).toBe(2);
  });

  it('is fixed in copies by an expression or a script, the originals as they were', async () => {
    const path = '.millrace/local/dead-letters/purchases.dlq.jsonl';
    const before = data(path);
    const dry = await run('dlq', 'fix', '--all', '--script', 'fix-cents.ts', '--dry-run', '--json');
    expect(jsonOf<Outcomes>(dry).done).toHaveLength(400);
    expect(jsonOf<Letters>(await run('dlq', 'ls', '--state', 'fixed', '--json')).total).toBe(0);
    const fixed = await run('dlq', 'fix', '--all', '--set', '.cents |= floor', '--json');
    expect(jsonOf<Outcomes>(fixed).done).toHaveLength(400);
    expect(jsonOf<Outcomes>(fixed).done).toEqual(jsonOf<Outcomes>(dry).done);
    expect(data(path)).toBe(before);
  });

  it('is replayed once: the second time is refused', async () => {
    const replayed = await run('dlq', 'replay', '--all', '--json');
    expect(replayed.code).toBe(0);
    expect(jsonOf<Outcomes>(replayed).done).toHaveLength(400);
    const nothing = await run('dlq', 'replay', '--all', '--json');
    expect(jsonOf<Outcomes>(nothing)).toMatchObject({ done: [], refused: [] });
    const id = jsonOf<Outcomes>(replayed).done[0]?.id ?? '';
    const again = await run('dlq', 'replay', id, '--json');
    expect(again.code).toBe(1);
    expect(jsonOf<Outcomes>(again).refused[0]?.problem).toContain('it would count twice');
    const forced = await run('dlq', 'replay', id, '--force', '--dry-run', '--json');
    expect(jsonOf<Outcomes>(forced).done).toHaveLength(1);
  });

  it('comes late for windows that are over, which is applied once', async () => {
    const second = await run('run', '--until-end', '--json');
    expect(jsonOf(second)).toMatchObject({ records_in: 400, dead_letters: 0, late_records: 400 });
    const late = await run('late', 'ls', '--json');
    expect(jsonOf<{ total: number }>(late).total).toBeGreaterThan(0);
    const dry = await run('late', 'apply', '--dry-run', '--json');
    const applied = await run('late', 'apply', '--json');
    const { user_spend } = jsonOf<Applied>(applied).views;
    expect(user_spend).toEqual(jsonOf<Applied>(dry).views.user_spend);
    expect(user_spend.replayed_records).toBe(400);
    expect(user_spend.log_rows).toBeGreaterThan(0);
    expect(user_spend.store_rows).toBeGreaterThan(0);
    const none = { late_records: 0, replayed_records: 0, log_rows: 0, store_rows: 0 };
    const twice = await run('late', 'apply', '--json');
    expect(jsonOf<Applied>(twice).views.user_spend).toMatchObject(none);
    const again = await run('late', 'apply', '--again', '--json');
    expect(jsonOf<Applied>(again).views.user_spend).toMatchObject({ log_rows: 0, store_rows: 0 });
  });

  it('has never happened to whoever reads the store, trains, or joins the log', async () => {
    expect((await run('run', '--until-end', '--env', 'undisturbed')).code).toBe(0);
    for (const env of ['local', 'undisturbed']) {
      await run('export', 'user_spend', '--out', `${env}.jsonl`, '--env', env);
      const train = ['--view', 'user_spend', '--entities', 'labels.csv', '--out', `${env}.csv`];
      expect((await run('train', ...train, '--env', env)).code).toBe(0);
    }
    expect(data('local.jsonl')).toBe(data('undisturbed.jsonl'));
    expect(data('local.csv')).toBe(data('undisturbed.csv'));
    const [local, undisturbed] = await Promise.all(
      ['local', 'undisturbed'].map((env) =>
        readLog(join(shop, `.millrace/${env}/offline`), 'user_spend'),
      ),
    );
    expect(undisturbed?.size).toBe(100);
    for (const [key, expected] of undisturbed ?? []) {
      const vectors = local?.get(key) ?? [];
      for (const { asOfMs } of [...expected, ...vectors]) {
        expect(inForce(vectors, asOfMs)).toBe(inForce(expected, asOfMs));
      }
    }
  });

  it('trips the breaker when everything fails: a run until the end says so and exits 1', async () => {
    const poisoned = await run('run', '--until-end', '--env', 'poisoned', '--json');
    expect(poisoned.code).toBe(1);
    const { error } = jsonOf<{ error: { code: string; message: string } }>(poisoned);
    expect(error.code).toBe('MR_DEAD_LETTER_BREAKER');
    expect(error.message).toMatch(/records of "purchases" failed, the newest with MR_DATA_TYPE/);
  });
});
