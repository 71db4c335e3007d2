import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { fileStateFiles } from './state-files.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-state-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function thrownBy(action: () => unknown): MillraceError {
  try {
    action();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('fileStateFiles', () => {
  it('reads what was appended, also while the file is written', () => {
    const files = fileStateFiles(join(directory, 'deep', 'state'));
    const writer = files.create('one');
    writer.append(Uint8Array.of(1, 2, 3));
    const reader = files.open('one');
    expect(reader.size).toBe(3);
    writer.append(Uint8Array.of(4, 5));
    expect(writer.position).toBe(5);
    const target = new Uint8Array(6);
    expect(reader.readInto(target, 1, 5, 2)).toBe(3);
    expect([...target]).toEqual([0, 3, 4, 5, 0, 0]);
    writer.close();
    reader.close();
    expect([...readFileSync(files.path('one'))]).toEqual([1, 2, 3, 4, 5]);
    expect(files.list()).toEqual([{ name: 'one', bytes: 5 }]);
    files.remove('one');
    files.remove('one');
    expect(existsSync(files.path('one'))).toBe(false);
  });

  it('says which file is missing', () => {
    const error = thrownBy(() => fileStateFiles(directory).open('lost'));
    expect(error.code).toBe('MR_STATE_MISSING');
    expect(error.message).toContain('lost');
  });

  it.runIf(existsSync('/dev/full'))('says that the disk is full and stays at its place', () => {
    const files = fileStateFiles('/dev');
    const writer = files.create('full');
    expect(thrownBy(() => writer.append(Uint8Array.of(1))).code).toBe('MR_STATE_DISK_FULL');
    expect(writer.position).toBe(0);
    writer.close();
  });

  it('passes other errors of the file system on in words', () => {
    const files = fileStateFiles(directory);
    expect(thrownBy(() => files.create('')).code).toBe('MR_FILE_ACCESS');
  });
});
