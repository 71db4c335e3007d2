import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endMerges, filesOfDay, replaceFiles } from './log-merges.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-merges-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const old = ['part-a.parquet', 'part-b.parquet'];

function put(...names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, name), name);
}

function note(pid: number): void {
  const text = JSON.stringify({ pid, merged: 'part-b-m1.parquet', replaced: old });
  writeFileSync(join(folder, '.merge-1.json'), text);
}

async function names(): Promise<readonly string[]> {
  return (await filesOfDay(folder)).map((path) => path.slice(folder.length + 1));
}

const nobody = (): boolean => false;

describe('a merge', () => {
  it('puts one file in the place of others and leaves nothing else', async () => {
    put(...old, 'part-c.parquet');
    writeFileSync(join(folder, 'hidden'), 'merged');
    const merge = { merged: 'part-b-m1.parquet', replaced: old };
    await replaceFiles(folder, merge, join(folder, 'hidden'));
    expect(readdirSync(folder)).toEqual(['part-b-m1.parquet', 'part-c.parquet']);
  });

  it('is read from the old files until the merged one is there, wherever they are', async () => {
    put(...old);
    note(1);
    expect(await names()).toEqual(old);
    mkdirSync(join(folder, '.replaced'));
    renameSync(join(folder, 'part-a.parquet'), join(folder, '.replaced', 'part-a.parquet'));
    expect(await names()).toEqual(['.replaced/part-a.parquet', 'part-b.parquet']);
    renameSync(join(folder, 'part-b.parquet'), join(folder, '.replaced', 'part-b.parquet'));
    expect((await names()).map((name) => basename(name))).toEqual(old);
    put('part-b-m1.parquet', 'part-new.parquet');
    expect(await names()).toEqual(['part-b-m1.parquet', 'part-new.parquet']);
  });

  it('of a process that is gone is undone before the merged file is there, and finished after', async () => {
    put('part-b.parquet');
    mkdirSync(join(folder, '.replaced'));
    writeFileSync(join(folder, '.replaced', 'part-a.parquet'), 'a');
    note(77);
    await endMerges(folder, (pid) => pid === 77);
    expect(await names()).toEqual(['.replaced/part-a.parquet', 'part-b.parquet']);
    await endMerges(folder, nobody);
    expect(await names()).toEqual(old);
    note(77);
    put('part-b-m1.parquet', '.merge-78-a.json.unfinished');
    await endMerges(folder, nobody);
    expect(readdirSync(folder)).toEqual(['part-b-m1.parquet']);
  });

  it('that a process is writing down is left to it', async () => {
    put('.merge-77-a.json.unfinished', '.merge-78-a.json.unfinished');
    await endMerges(folder, (pid) => pid === 77);
    expect(readdirSync(folder)).toEqual(['.merge-77-a.json.unfinished']);
  });
});
