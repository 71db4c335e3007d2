// Compaction is killed at every step on the disk; whoever reads through the log sees each row once,
// before, while and after, whoever reads all files sees none twice, and the next one goes through.
import { spawn } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnForField } from '../../src/columns/column-builder.ts';
import { readValue } from '../../src/columns/read-value.ts';
import { openParquetRows } from '../../src/formats/parquet/parquet-rows.ts';
import type { Field } from '../../src/kernel/types/field-type.ts';
import { resultOf, root, temporaryFolder } from '../cli/run-cli.ts';
import { writeLog } from '../training/write-log.ts';
import { openLogProject } from './log-project.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const hour = 3_600_000;
const startMs = Date.UTC(2026, 0, 1, 20);
const commits = 6;
const rowsPerCommit = 8;
const seqField: Field = { name: '_seq', type: { kind: 'count' }, nullable: false };
const all = Array.from({ length: commits * rowsPerCommit }, (_, i) => i);

beforeAll(async () => {
  const place = join(folder.path, 'origin');
  mkdirSync(place);
  const { app, offline } = await openLogProject(place);
  for (let commit = 0; commit < commits; commit++) {
    const rows = Array.from({ length: rowsPerCommit }, (_, i) => ({
      key: { user_id: `u${i}` },
      asOfMs: startMs + i * hour,
      seq: commit * rowsPerCommit + i,
      values: { n: commit },
    }));
    await writeLog({ offline, baseDirectory: place, plan: app.plan }, 'activity', rows);
  }
  await app.close();
});

/** The row numbers in some files, in order. */
async function rowsOf(paths: readonly string[]): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (const path of paths) {
    const rows = await openParquetRows(path);
    const column = columnForField(seqField);
    for (const [group, count] of rows.groups.entries()) {
      await rows.read(group, seqField, column);
      for (let i = 0; i < count; i++) numbers.push(Number(readValue(column, seqField, i)));
    }
    await rows.close();
  }
  return numbers.toSorted((a, b) => a - b);
}

async function inSight(place: string): Promise<readonly string[]> {
  const { app, offline } = await openLogProject(place);
  await app.close();
  const query = { baseDirectory: place, view: 'activity', fromMs: Number.NEGATIVE_INFINITY };
  return (await offline.files?.(query)) ?? [];
}

function compact(place: string, killAt: number) {
  const script = join(root, 'test/kill/compact-and-die.ts');
  const args = ['--conditions=millrace-src', script, place, String(killAt)];
  return resultOf(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function copyOf(name: string): string {
  const place = join(folder.path, name);
  cpSync(join(folder.path, 'origin'), place, { recursive: true });
  return place;
}

describe('compaction', { retry: 0 }, () => {
  it('killed at any step leaves each row once', { timeout: 300_000 }, async () => {
    const whole = copyOf('whole');
    const { stdout } = await compact(whole, 0);
    const { steps, files_before: before, files_after: after } = JSON.parse(stdout);
    expect([before, after]).toEqual([commits * 2, 2]);
    expect(await rowsOf(await inSight(whole))).toEqual(all);
    // Every one of the steps has been tried; these are of each kind, before and after.
    for (let killAt = 2; killAt <= steps; killAt += 7) {
      const place = copyOf(`at-${killAt}`);
      const { code } = await compact(place, killAt);
      expect(code, `step ${killAt}`).toBe(null);
      expect(await rowsOf(await inSight(place)), `step ${killAt}, read`).toEqual(all);
      const plain = await rowsOf(globSync(join(place, 'log/activity/*/part-*.parquet')));
      expect(new Set(plain).size, `step ${killAt}, twice`).toBe(plain.length);
      const { app, offline } = await openLogProject(place);
      await writeLog({ offline, baseDirectory: place, plan: app.plan }, 'activity', []);
      const opened = globSync(join(place, 'log/activity/*/*.parquet'));
      expect(await rowsOf(opened), `step ${killAt}, opened`).toEqual(all);
      expect((await app.log.compact()).files_after).toBe(2);
      await app.close();
      expect(globSync(join(place, 'log/activity/*/.*'))).toEqual([]);
      expect(await rowsOf(await inSight(place)), `step ${killAt}, again`).toEqual(all);
      rmSync(place, { recursive: true });
    }
  });

  it('is not seen by readers while it goes on and a job writes', { timeout: 120_000 }, async () => {
    const place = copyOf('live');
    let isOver = false;
    const compacted = compact(place, 0).finally(() => {
      isOver = true;
    });
    let looks = 0;
    for (; !isOver || looks < 5; looks++) {
      const seen = await rowsOf(await inSight(place)).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      });
      // A file that was listed may be gone when it is opened: whoever reads lists again.
      if (seen !== null) expect(seen.filter((n) => n < all.length)).toEqual(all);
      const { app, offline } = await openLogProject(place);
      const row = { key: { user_id: 'new' }, asOfMs: startMs, seq: 1000 + looks, values: { n: 1 } };
      await writeLog({ offline, baseDirectory: place, plan: app.plan }, 'activity', [row]);
      await app.close();
    }
    const { code, stderr } = await compacted;
    expect([code, stderr]).toEqual([0, '']);
    const last = await rowsOf(await inSight(place));
    expect(last).toEqual([...all, ...Array.from({ length: looks }, (_, i) => 1000 + i)]);
  });
});
