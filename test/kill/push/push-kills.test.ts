// Server and engine are killed again and again while rows are pushed: what was acknowledged is in the
// log, each row of the log is in state once. MILLRACE_SEED repeats the moments, MILLRACE_KILLS makes
// more of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { millrace } from 'millrace';
import { afterAll, describe, expect, it } from 'vitest';
import { formats } from '../../../src/app/formats.ts';
import { readRow } from '../../../src/columns/read-value.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { seededRandom } from '../../../src/kernel/random.ts';
import { pushConfig, pushSource, totals, userCount } from './push-project.ts';

const seed = Number(process.env['MILLRACE_SEED']);
const killsWanted = Number(process.env['MILLRACE_KILLS'] ?? 8);
const random = seededRandom(seed);
const folder = mkdtempSync(join(tmpdir(), 'millrace-push-kill-'));
const entry = fileURLToPath(new URL('./push-life.ts', import.meta.url));
const living = new Map<string, ChildProcess>();
let port = 0;

afterAll(async () => {
  await Promise.all([...living.keys()].map(kill));
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a life; resolves with the first line that it says. */
async function live(role: 'serve' | 'run'): Promise<string> {
  const args = ['--conditions=millrace-src', entry, role, folder, String(port)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  living.set(role, child);
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return line.toString().trim();
}

async function kill(role: string): Promise<void> {
  const child = living.get(role);
  living.delete(role);
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}

const acknowledged = new Set<number>();
let nextId = 1;
let isOver = false;

async function pushRows(): Promise<void> {
  while (!isOver) {
    const ids = Array.from({ length: 1 + Math.floor(random.next() * 5) }, () => nextId++);
    const df = {
      id: ids,
      user_no: ids.map((id) => id % userCount),
      at: ids.map((id) => 1_700_000_000_000 + id),
    };
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ push_source_name: 'events', df }),
      });
      if (answer.status !== 200) throw new Error(await answer.text());
      for (const id of ids) acknowledged.add(id);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      // The server is gone: whether these rows were taken is not known.
      await systemClock.sleep(20);
    }
  }
}

/** Ids in the log, as its reader gives them. */
async function idsInLog(): Promise<readonly number[]> {
  const ids: number[] = [];
  const fields = (['id', 'user_no'] as const).map(
    (name) => ({ name, type: { kind: 'int64' }, nullable: false }) as const,
  );
  const splits = await pushSource.history?.open({
    stream: 'events',
    rowType: { fields },
    eventTimeField: 'at',
    formats,
    clock: systemClock,
    baseDirectory: folder,
    signal: new AbortController().signal,
    startAt: new Map(),
  });
  for (const split of splits ?? []) {
    for (let read = await split.next(1000); read.kind === 'rows'; read = await split.next(1000)) {
      for (let row = 0; row < read.batch.rowCount; row++) {
        ids.push(Number(readRow(read.batch.columns, read.batch.fields, row)['id']));
      }
    }
    await split.close();
  }
  return ids;
}

async function storedTotals(): Promise<{ readonly events: number; readonly ids: bigint }> {
  const app = await millrace(pushConfig(), { baseDirectory: folder });
  try {
    let [events, ids] = [0, 0n];
    for (let user = 0; user < userCount; user++) {
      const { values } = await app.store.get(totals, { user_no: BigInt(user) });
      events += values.events ?? 0;
      ids += values.ids ?? 0n;
    }
    return { events, ids };
  } finally {
    await app.close();
  }
}

describe('rows that were acknowledged', { retry: 0 }, () => {
  it('are counted once, whoever is killed', { timeout: 240_000 }, async () => {
    await live('run');
    while (!existsSync(join(folder, 'online'))) await systemClock.sleep(20);
    await systemClock.sleep(300);
    port = Number(new URL(await live('serve')).port);
    const pushers = Array.from({ length: 6 }, pushRows);
    let kills = 0;
    while (kills < killsWanted) {
      await systemClock.sleep(150 + random.next() * 700);
      const role = kills % 2 === 0 ? 'serve' : 'run';
      await kill(role);
      kills += 1;
      await live(role);
    }
    await systemClock.sleep(500);
    isOver = true;
    await Promise.all(pushers);

    const log = await idsInLog();
    const sum = log.reduce((all, id) => all + BigInt(id), 0n);
    const expected = { events: log.length, ids: sum };
    const endMs = systemClock.monotonicMs() + 20_000;
    let stored = await storedTotals();
    while (stored.events < log.length && systemClock.monotonicMs() < endMs) {
      await systemClock.sleep(100);
      stored = await storedTotals();
    }
    await kill('run');
    process.stdout.write(
      `MILLRACE_SEED=${seed}: ${kills} kills, ${nextId - 1} rows sent, ${acknowledged.size} acknowledged, ${log.length} in the log\n`,
    );
    const inLog = new Set(log);
    expect([...acknowledged].filter((id) => !inLog.has(id))).toEqual([]);
    expect(inLog.size).toBe(log.length);
    expect(stored).toEqual(expected);
    expect(await storedTotals()).toEqual(expected);
    expect(acknowledged.size).toBeGreaterThan(100);
    expect(kills).toBe(killsWanted);
  });
});
