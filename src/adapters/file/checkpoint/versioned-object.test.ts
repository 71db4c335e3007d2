import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCurrent, writeNext } from './versioned-object.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-versions-'));
const path = join(folder, 'lock.json');
const stalled = vi.hoisted(() => ({ meanwhile: () => {}, afterwards: () => {} }));

// What other processes do between a writer's look and its link.
vi.mock('./durable-files.ts', async (original) => {
  const real = await original<typeof import('./durable-files.ts')>();
  return {
    ...real,
    createDurable: async (...given: Parameters<typeof real.createDurable>) => {
      stalled.meanwhile();
      const isCreated = await real.createDurable(...given);
      stalled.afterwards();
      return isCreated;
    },
  };
});

beforeEach(() => {
  stalled.meanwhile = () => {};
  stalled.afterwards = () => {};
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  writeFileSync(`${path}~1`, '1');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a version of an object', () => {
  it('is not written when another writer was first', async () => {
    stalled.meanwhile = () => writeFileSync(`${path}~2`, 'first');
    expect(await writeNext(path, Buffer.from('late'), 'v1')).toBeNull();
    expect(Buffer.from((await readCurrent(path))?.bytes ?? []).toString()).toBe('first');
  });

  it('is written although later ones came before the writer looked again', async () => {
    stalled.afterwards = () => writeFileSync(`${path}~3`, 'next');
    expect(await writeNext(path, Buffer.from('second'), 'v1')).toEqual({ etag: 'v2' });
  });

  it('is taken back by a writer that stalled until its number was free again', async () => {
    stalled.meanwhile = () => {
      rmSync(`${path}~1`);
      for (let version = 3; version <= 5; version++) writeFileSync(`${path}~${version}`, '');
    };
    await expect(writeNext(path, Buffer.from('late'), 'v1')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_STORAGE',
    });
    expect(readdirSync(folder)).not.toContain('lock.json~2');
    expect((await readCurrent(path))?.etag).toBe('v5');
  });
});
