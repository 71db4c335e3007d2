import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../kernel/clock.ts';
import { testCheckpointStorage } from '../../../testing/conformance/checkpoint-storage.ts';
import { faultyCheckpointStorage } from '../../../testing/faults/faulty-checkpoint-storage.ts';
import {
  memoryCheckpointStorage,
  type LocalFiles,
} from '../../../testing/faults/memory-checkpoint-storage.ts';
import { checkpointFileError } from './checkpoint-file-error.ts';
import { localCheckpointStorage } from './local-checkpoint-storage.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'));
let folders = 0;
const fresh = (): string => join(root, `folder-${folders++}`);

afterAll(() => rm(root, { recursive: true }));

const local: LocalFiles & { path(name: string): string } = {
  path: (name) => join(root, 'local', name),
  read: async (path) => new Uint8Array(await readFile(path)),
  write: async (path, bytes) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  },
};

const opened = new WeakMap<object, string>();

testCheckpointStorage('a local folder', {
  create: () => {
    const folder = fresh();
    const storage = localCheckpointStorage(folder);
    opened.set(storage, folder);
    return storage;
  },
  reopen: (storage) => localCheckpointStorage(opened.get(storage) ?? ''),
  local,
});

testCheckpointStorage('memory', { create: () => memoryCheckpointStorage(local), local });

testCheckpointStorage('a faulty storage without faults', {
  create: () =>
    faultyCheckpointStorage(localCheckpointStorage(fresh()), {
      clock: systemClock,
      next: () => null,
    }),
  local,
});

describe('a local folder', () => {
  it('links a file instead of copying it', async () => {
    const folder = fresh();
    const storage = localCheckpointStorage(folder);
    await local.write(local.path('linked'), new Uint8Array(10));
    await storage.writeFrom('job/segments/linked', local.path('linked'));
    await storage.copy('job/segments/linked', 'job/savepoints/s/segments/linked');
    const inode = (path: string): number => statSync(path).ino;
    expect(inode(join(folder, 'job/segments/linked'))).toBe(inode(local.path('linked')));
    expect(inode(join(folder, 'job/savepoints/s/segments/linked'))).toBe(
      inode(local.path('linked')),
    );
  });

  it.skipIf(!existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync(root).dev)(
    'copies a file from another disk',
    async () => {
      const other = mkdtempSync('/dev/shm/millrace-');
      try {
        writeFileSync(join(other, 'far'), 'far away');
        const storage = localCheckpointStorage(fresh());
        await storage.writeFrom('job/segments/far', join(other, 'far'));
        await storage.readTo('job/segments/far', join(other, 'back'));
        expect(await readFile(join(other, 'back'), 'utf8')).toBe('far away');
      } finally {
        await rm(other, { recursive: true });
      }
    },
  );

  it('leaves no temporary file and no empty folder behind', async () => {
    const folder = fresh();
    const storage = localCheckpointStorage(folder);
    await storage.write('job/savepoints/s/manifest.json', new Uint8Array(3), 'absent');
    await storage.write('job/lock.json', new Uint8Array(3), 'absent');
    await storage.remove(['job/savepoints/s/manifest.json']);
    expect(readdirSync(join(folder, 'job'))).toEqual(['lock.json']);
  });

  it('removes temporary files of dead processes only, when it lists', async () => {
    const folder = fresh();
    const storage = localCheckpointStorage(folder);
    await storage.write('job/a', new Uint8Array(1));
    const host = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_');
    const dead = `.tmp-${host}-999999-1`;
    const living = `.tmp-${host}-${process.ppid}-1`;
    const foreign = '.tmp-elsewhere-999999-1';
    for (const name of [dead, living, foreign]) writeFileSync(join(folder, 'job', name), '');
    expect((await storage.list('job/')).map(({ name }) => name)).toEqual(['job/a']);
    expect(readdirSync(join(folder, 'job')).sort()).toEqual([foreign, living, 'a'].sort());
  });

  it('keeps a limited number of versions of an object', async () => {
    const folder = fresh();
    const storage = localCheckpointStorage(folder);
    let etag = (await storage.write('job/lock.json', new Uint8Array(1), 'absent'))?.etag ?? '';
    for (let i = 0; i < 20; i++) {
      etag = (await storage.write('job/lock.json', new Uint8Array(i), { etag }))?.etag ?? '';
    }
    const files = readdirSync(join(folder, 'job'));
    expect(files.sort()).toEqual(['lock.json~18', 'lock.json~19', 'lock.json~20']);
    await storage.remove(['job/lock.json']);
    expect(await storage.list('')).toEqual([]);
  });

  it('lets one of several processes win each version', async () => {
    const folder = fresh();
    await localCheckpointStorage(folder).write('job/list', Buffer.from(''), 'absent');
    const source = new URL('./local-checkpoint-storage.ts', import.meta.url).href;
    const program = (name: string): string => `
      const { localCheckpointStorage } = await import(${JSON.stringify(source)});
      const storage = localCheckpointStorage(${JSON.stringify(folder)});
      const read = async () => {
        const { bytes, etag } = await storage.read('job/list');
        return { list: Buffer.from(bytes).toString(), etag };
      };
      for (let i = 0; i < 25; ) {
        const { list, etag } = await read();
        const entry = '${name}' + i + ' ';
        try {
          if ((await storage.write('job/list', Buffer.from(list + entry), { etag })) !== null) i++;
        } catch (error) {
          // Not known: a write that went through stays in all later versions.
          if (error.code !== 'MR_CHECKPOINT_STORAGE') throw error;
          if ((await read()).list.includes(entry)) i++;
        }
      }`;
    const run = (name: string): Promise<unknown> =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(name)]);
    await Promise.all(['a', 'b', 'c'].map(run));
    const list = await localCheckpointStorage(folder).read('job/list');
    const entries = Buffer.from(list?.bytes ?? [])
      .toString()
      .trim()
      .split(' ');
    const expected = ['a', 'b', 'c'].flatMap((name) =>
      Array.from({ length: 25 }, (_, i) => `${name}${i}`),
    );
    expect(entries.toSorted()).toEqual(expected.toSorted());
  }, 30_000);

  it('says that it has no rights, in words', async () => {
    if (process.getuid?.() === 0) return expectMessage('EACCES', 'MR_CHECKPOINT_ACCESS');
    const folder = fresh();
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    const write = localCheckpointStorage(folder).write('job/a', new Uint8Array(1));
    await expect(write).rejects.toMatchObject({ code: 'MR_CHECKPOINT_ACCESS' });
  });

  it('refuses a directory that is a file', async () => {
    const folder = fresh();
    writeFileSync(folder, 'a file');
    await expect(
      localCheckpointStorage(folder).write('job/a', new Uint8Array(1)),
    ).rejects.toMatchObject({ code: 'MR_CHECKPOINT_ACCESS' });
  });

  it.each([
    ['EROFS', 'MR_CHECKPOINT_ACCESS'],
    ['EPERM', 'MR_CHECKPOINT_ACCESS'],
    ['ENOSPC', 'MR_CHECKPOINT_FULL'],
    ['EDQUOT', 'MR_CHECKPOINT_FULL'],
    ['ENOENT', 'MR_CHECKPOINT_MISSING'],
    ['EIO', 'MR_CHECKPOINT_STORAGE'],
  ])('tells %s as %s', expectMessage);

  it('refuses names that leave it', async () => {
    const storage = localCheckpointStorage(fresh());
    await expect(storage.write('../a', new Uint8Array(1))).rejects.toMatchObject({
      code: 'MR_INTERNAL',
    });
  });
});

function expectMessage(code: string, expected: string): void {
  const error = checkpointFileError('/data/x', Object.assign(new Error('failed'), { code }));
  expect(error.code).toBe(expected);
  expect(error.message).toContain('/data/x');
  expect(error.fix).toBeTruthy();
}
