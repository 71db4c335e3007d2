// Dead letters and late records from a program: what the command line does, and what is harder to see
// from there. Records fail again, two views share a stream, two processes work at the same time.
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { file } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSetAsideFiles } from '../../src/adapters/file/set-aside-files.ts';
import { temporaryFolder } from '../cli/run-cli.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), cents: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  features: (p) => ({ total: sum(p.cents).over(lifetime()) }),
});
const visits = featureView('visits', {
  entity: user,
  from: purchases,
  features: () => ({ events: count().over(lifetime()) }),
});

const startMs = Date.UTC(2026, 0, 5);
let folder = temporaryFolder();
let app: App;

beforeEach(async () => {
  folder = temporaryFolder();
  app = await open();
});
afterEach(async () => {
  await app.close();
  folder.remove();
});

function open(): Promise<App> {
  const config = defineConfig({
    project: 'shop',
    definitions: [{ user, purchases, spend, visits }],
    environments: {
      local: {
        streams: { purchases: file('./purchases.jsonl') },
        online: embedded('./online'),
        deadLetters: './dead',
        checkpoints: { directory: './checkpoints' },
      },
    },
  });
  return millrace(config, { baseDirectory: folder.path });
}

function write(...lines: readonly string[]): void {
  writeFileSync(join(folder.path, 'purchases.jsonl'), lines.map((line) => `${line}\n`).join(''));
}

function record(cents: string, second: number): string {
  return `{"user_id":"u1","cents":${cents},"ts":${startMs + second * 1000}}`;
}

async function total(): Promise<unknown> {
  return (await app.store.get(spend, { user_id: 'u1' })).values.total;
}

const run = () => app.run({ untilEnd: true });

describe('a dead letter', { timeout: 60_000 }, () => {
  it('that fails again names the one that it was replayed from, and counts its attempts', async () => {
    write(record('1', 0), record('2.5', 1), record('4', 2));
    await run();
    const [first] = (await app.deadLetters.list()).letters;
    await app.deadLetters.replay({ ids: [first?.id ?? ''], force: true });
    await run();
    const { letters, total: count } = await app.deadLetters.list({ state: 'open' });
    expect(count).toBe(1);
    expect(letters[0]).toMatchObject({ attempt: 2, replay_of: first?.id, event: first?.event });
    await app.deadLetters.fix({ set: '.cents |= floor' }, { state: 'open' });
    await app.deadLetters.replay({ state: 'fixed' });
    await run();
    expect((await app.deadLetters.list({ state: 'open' })).total).toBe(0);
    expect(await total()).toBe(7n);
  });

  it('that one view refused is replayed only by force: the others have counted its record', async () => {
    const most = '9223372036854775807';
    write(record(most, 0), record('5', 1));
    await run();
    const { letters } = await app.deadLetters.list();
    expect(letters).toMatchObject([{ code: 'MR_DATA_OVERFLOW', category: 'processing_error' }]);
    const outcome = await app.deadLetters.replay();
    expect(outcome.done).toEqual([]);
    expect(outcome.refused[0]?.problem).toContain('other views of the stream would count it twice');
    expect((await app.deadLetters.replay({ force: true })).done).toHaveLength(1);
  });

  it('is replayed as it is once the definition takes it', async () => {
    write(record('1', 0), record('2.5', 1));
    await run();
    const float = stream('purchases', {
      schema: { user_id: t.string(), cents: t.float64(), ts: t.timestamp() },
      eventTime: { field: 'ts', outOfOrderness: '5s' },
    });
    const config = defineConfig({
      project: 'shop',
      definitions: [
        {
          user,
          float,
          seen: featureView('seen', {
            entity: user,
            from: float,
            features: (p) => ({ total: sum(p.cents).over(lifetime()) }),
          }),
        },
      ],
      environments: {
        local: { streams: { purchases: file('./purchases.jsonl') }, deadLetters: './dead' },
      },
    });
    const changed = await millrace(config, { baseDirectory: folder.path });
    expect((await changed.deadLetters.replay()).done).toHaveLength(1);
    await changed.close();
  });

  it('is left alone while another process works on the letters of its stream', async () => {
    write(record('1', 0), record('2.5', 1));
    await run();
    const other = await openSetAsideFiles({
      stream: 'purchases',
      directory: join(folder.path, 'dead'),
      mode: 'write',
      views: [],
    });
    const edit = { set: '.cents |= floor' };
    await expect(app.deadLetters.fix(edit)).rejects.toMatchObject({
      code: 'MR_DEAD_LETTERS_IN_USE',
    });
    await other.close();
    expect((await app.deadLetters.fix(edit)).done).toHaveLength(1);
    // A process that died with the lock does not keep it.
    writeFileSync(join(folder.path, 'dead/purchases.notes.lock'), '999999999');
    expect((await app.deadLetters.replay()).done).toHaveLength(1);
  });

  it('that was cut short in a crash is nothing, and whole ones after it count', async () => {
    write(record('1', 0), record('2.5', 1));
    await run();
    const path = join(folder.path, 'dead/purchases.dlq.jsonl');
    const line = readFileSync(path, 'utf8');
    writeFileSync(path, `${line.slice(0, 40)}\n${line}`);
    appendFileSync(path, line);
    expect((await app.deadLetters.list()).total).toBe(1);
  });

  it('is edited by hand from its newest copy; what is left unchanged is left', async () => {
    write(record('1', 0), record('2.5', 1));
    await run();
    const seen: string[] = [];
    const edit = (text: string): string => {
      seen.push(text);
      return text.replace('2.5', '3').replace('":3', '":4');
    };
    expect((await app.deadLetters.fix({ edit })).done).toHaveLength(1);
    const again = await app.deadLetters.fix({ edit: (text) => (seen.push(text), text) });
    expect(again.refused[0]?.problem).toBe('left as it is');
    expect(seen).toEqual([record('2.5', 1), record('4', 1)]);
  });

  it('goes back into every run that begins anew, and into no user file', async () => {
    const lines = [record('1', 0), record('2.5', 1), record('4', 2)];
    write(...lines);
    await run();
    await app.deadLetters.fix({ set: '.cents |= floor' });
    await app.deadLetters.replay();
    await app.run({ untilEnd: true, existing: 'dropAll' });
    expect(await total()).toBe(7n);
    expect((await app.deadLetters.list()).total).toBe(1);
    expect(readFileSync(join(folder.path, 'purchases.jsonl'), 'utf8')).toBe(
      `${lines.join('\n')}\n`,
    );
    rmSync(join(folder.path, 'dead/purchases.replay.jsonl'));
    await run();
    await app.run({ untilEnd: true, existing: 'dropAll' });
    expect(await total()).toBe(5n);
  });
});
