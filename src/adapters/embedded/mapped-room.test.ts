import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { giveBlocks, mapBytesFor } from './mapped-room.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-mapped-'));
let folders = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

function freshFolder(): string {
  folders += 1;
  return mkdtempSync(join(root, `${folders}-`));
}

function openMapped(folder: string): Database {
  return openDatabase(folder, { mode: 'write', syncEachWrite: false });
}

const fileOf = (folder: string): string => join(folder, 'data.mdb');
const blockBytes = (folder: string): number => statSync(fileOf(folder)).blocks * 512;

function fill(db: Database, entries: number, valueBytes: number): void {
  db.transaction(() => {
    for (let i = 0; i < entries; i++) db.put(Buffer.from(`key-${i}`), Buffer.alloc(valueBytes, i));
  });
}

// Where the temporary folder lies on a file system that is written by calls, there is nothing to see.
const isMappable = mapBytesFor(root, join(root, 'probe')) !== null;

describe.skipIf(!isMappable)('room for a database that is written through memory', () => {
  it('has blocks for more than what is in use, and gives them back at the end', async () => {
    const folder = freshFolder();
    const db = openMapped(folder);
    fill(db, 1000, 500);
    expect(statSync(fileOf(folder)).size).toBe(2 ** 30);
    const stocked = blockBytes(folder);
    await db.close();
    const { size } = statSync(fileOf(folder));
    // Two pages an entry were in stock, and most entries share theirs with others.
    expect(stocked).toBeGreaterThan(2 * 1000 * 4096);
    expect(stocked).toBeGreaterThan(size);
    expect(size).toBeLessThan(1_000_000);
    expect(blockBytes(folder)).toBeGreaterThanOrEqual(size);
    const again = openMapped(folder);
    expect(again.peek(Buffer.from('key-999'))?.length).toBe(500);
    fill(again, 1000, 9000);
    expect(again.peek(Buffer.from('key-7'))?.length).toBe(9000);
    await again.close();
  });

  it('leaves pages alone that the database has got to', () => {
    const folder = freshFolder();
    const file = openSync(fileOf(folder), 'w+');
    ftruncateSync(file, 200 * 4096);
    const used = Buffer.alloc(4096, 'used');
    for (const page of [3, 100]) writeSync(file, used, 0, used.length, page * 4096);
    giveBlocks(file, { pageBytes: 4096 }, { from: 2, end: 150 });
    closeSync(file);
    const pages = readFileSync(fileOf(folder));
    const isUsed = (page: number): boolean =>
      pages.subarray(page * 4096, (page + 1) * 4096).equals(used);
    expect([3, 100].every(isUsed)).toBe(true);
    expect(pages.filter((byte) => byte !== 0).length).toBe(2 * 4096);
    expect(blockBytes(folder)).toBeGreaterThanOrEqual(148 * 4096);
  });

  it('does not write through memory where a file has holes', async () => {
    const folder = freshFolder();
    const db = openMapped(folder);
    fill(db, 1000, 500);
    await db.close();
    expect(mapBytesFor(folder, fileOf(folder))).toBe(2 ** 30);
    const { size } = statSync(fileOf(folder));
    // What is behind the commit that it speaks of is gone: as if pages had never been written.
    const file = openSync(fileOf(folder), 'r+');
    ftruncateSync(file, 8192);
    ftruncateSync(file, size);
    closeSync(file);
    expect(mapBytesFor(folder, fileOf(folder))).toBeNull();
  });

  it('keeps a folder that was new as it was when it only looks', () => {
    const folder = freshFolder();
    expect(mapBytesFor(folder, fileOf(folder))).toBe(2 ** 30);
    expect(statSync(fileOf(folder)).size).toBe(0);
  });
});
