import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitAgain, openDatabase } from './database.ts';

const undone = (): Error =>
  Object.assign(new Error('MDB_BAD_TXN: reserved freelist had a data entry with zero-size'), {
    code: -30_782,
  });

test('a commit that the database undid is made again', () => {
  let commits = 0;
  commitAgain(() => {
    commits += 1;
    if (commits < 4) throw undone();
  });
  expect(commits).toBe(4);
});

test('what fails again and again, or for another reason, is told', () => {
  let commits = 0;
  const count = (error: Error) => (): void => {
    commits += 1;
    throw error;
  };
  expect(() => commitAgain(count(undone()))).toThrow('MDB_BAD_TXN');
  expect(commits).toBe(5);
  expect(() => commitAgain(count(new Error('no space left')))).toThrow('no space left');
  expect(commits).toBe(6);
});

test('a transaction that failed leaves nothing behind, and the next one goes on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-database-'));
  const db = openDatabase(directory, { mode: 'write', syncEachWrite: false });
  const key = Buffer.from('key');
  let commits = 0;
  db.transaction(() => db.put(key, Buffer.from('old')));
  db.transaction(() => {
    commits += 1;
    expect(db.peek(key)?.toString()).toBe('old');
    db.put(key, Buffer.from(`new ${commits}`));
    if (commits < 3) throw undone();
  });
  expect(db.peek(key)?.toString()).toBe('new 3');
  await db.close();
  rmSync(directory, { recursive: true });
});
