// What every checkpoint storage must do, whoever wrote it: whole objects, conditional writes of
// which only one succeeds, files in and out, errors with codes. Run it from a test of the adapter.
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import type { LocalFiles } from '../faults/memory-checkpoint-storage.ts';

/** A storage under test. */
export interface CheckpointStorageUnderTest {
  /** An empty storage; each test asks for one. */
  readonly create: () => CheckpointStorage | Promise<CheckpointStorage>;
  /** The files that the storage takes from and puts to, below a folder that exists. */
  readonly local: LocalFiles & { readonly path: (name: string) => string };
  /** Most names that one answer to a list has; default 100. */
  readonly pageSize?: number;
  /** A second opening of the same storage, as another process would have it; default: the same one. */
  readonly reopen?: (storage: CheckpointStorage) => CheckpointStorage;
}

/** Declares the tests of one storage. */
export function testCheckpointStorage(name: string, subject: CheckpointStorageUnderTest): void {
  describe(`${name} as checkpoint storage`, () => {
    testObjects(subject);
    testLists(subject);
    testConditions(subject);
    testFiles(subject);
  });
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function textOf(storage: CheckpointStorage, name: string): Promise<string | null> {
  const found = await storage.read(name);
  return found === null ? null : new TextDecoder().decode(found.bytes);
}

async function namesOf(storage: CheckpointStorage, prefix: string): Promise<string[]> {
  return (await storage.list(prefix)).map(({ name }) => name);
}

function testObjects({ create }: CheckpointStorageUnderTest): void {
  it('reads what was written, and null for what was not', async () => {
    const storage = await create();
    expect(await storage.read('job/a.json')).toBeNull();
    await storage.write('job/a.json', text('eins – 1'));
    expect(await textOf(storage, 'job/a.json')).toBe('eins – 1');
    await storage.write('job/a.json', text('two'));
    expect(await textOf(storage, 'job/a.json')).toBe('two');
  });

  it('keeps bytes as they are, also none', async () => {
    const storage = await create();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) & 255);
    await storage.write('job/bytes', bytes);
    await storage.write('job/empty', new Uint8Array(0));
    expect((await storage.read('job/bytes'))?.bytes).toEqual(bytes);
    expect((await storage.read('job/empty'))?.bytes).toEqual(new Uint8Array(0));
  });

  it('removes many objects, and minds none that is missing', async () => {
    const storage = await create();
    const names = Array.from({ length: 30 }, (_, i) => `job/segments/g1-s-${i}.seg`);
    for (const name of names) await storage.write(name, text(name));
    await storage.remove([...names.slice(0, 20), 'job/segments/never', 'other/never']);
    expect(await namesOf(storage, 'job/')).toEqual(names.slice(20).toSorted());
    await storage.remove([]);
    await storage.remove(names);
    expect(await namesOf(storage, '')).toEqual([]);
    await storage.write('job/segments/again', text('1'));
    expect(await namesOf(storage, '')).toEqual(['job/segments/again']);
  });

  it('copies an object', async () => {
    const storage = await create();
    await storage.write('job/segments/a', text('content'));
    await storage.copy('job/segments/a', 'job/savepoints/s/segments/a');
    await storage.remove(['job/segments/a']);
    expect(await textOf(storage, 'job/savepoints/s/segments/a')).toBe('content');
    await expect(storage.copy('job/segments/a', 'job/b')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_MISSING',
    });
  });
}

function testLists({ create, pageSize = 100 }: CheckpointStorageUnderTest): void {
  it('lists by prefix, with sizes, in the order of names', async () => {
    const storage = await create();
    expect(await storage.list('job/manifests/')).toEqual([]);
    for (const name of ['job/b', 'job/a.json', 'job/a/1', 'job2/c', 'job/a-1']) {
      await storage.write(name, text(name));
    }
    expect(await storage.list('job/')).toEqual([
      { name: 'job/a-1', bytes: 7 },
      { name: 'job/a.json', bytes: 10 },
      { name: 'job/a/1', bytes: 7 },
      { name: 'job/b', bytes: 5 },
    ]);
    expect(await namesOf(storage, 'job/a')).toEqual(['job/a-1', 'job/a.json', 'job/a/1']);
    expect(await namesOf(storage, 'job')).toHaveLength(5);
    expect(await namesOf(storage, 'none')).toEqual([]);
  });

  it('lists more than a page', async () => {
    const storage = await create();
    const names = Array.from({ length: pageSize + 10 }, (_, i) => `job/segments/${10_000 + i}`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => storage.write(name, text('x'))));
    }
    expect(await namesOf(storage, 'job/segments/')).toEqual(names);
  }, 60_000);
}

function testConditions({ create, reopen = (same) => same }: CheckpointStorageUnderTest): void {
  it('writes "absent" once', async () => {
    const storage = await create();
    expect(await storage.write('job/m', text('1'), 'absent')).not.toBeNull();
    expect(await storage.write('job/m', text('2'), 'absent')).toBeNull();
    expect(await textOf(storage, 'job/m')).toBe('1');
  });

  it('writes over exactly the version that was read', async () => {
    const storage = await create();
    const first = await storage.write('job/lock.json', text('1'), 'absent');
    const second = await storage.write('job/lock.json', text('2'), { etag: first?.etag ?? '' });
    expect((await storage.read('job/lock.json'))?.etag).toBe(second?.etag);
    const stale = await storage.write('job/lock.json', text('3'), { etag: first?.etag ?? '' });
    expect(stale).toBeNull();
    expect(await storage.write('job/none', text('1'), { etag: second?.etag ?? '' })).toBeNull();
    expect(await textOf(storage, 'job/lock.json')).toBe('2');
    expect(await namesOf(storage, 'job/')).toEqual(['job/lock.json']);
  });

  it('lets one of many writers win each version', async () => {
    const storage = await create();
    await storage.write('job/lock.json', text('start'), 'absent');
    let wins = 0;
    for (let round = 0; round < 5; round++) {
      const writers = Array.from({ length: 6 }, async (_, i) => {
        const own = reopen(storage);
        const seen = await own.read('job/lock.json');
        const etag = seen?.etag ?? '';
        return own.write('job/lock.json', text(`${round} ${i}`), { etag });
      });
      const written = (await Promise.all(writers)).filter((result) => result !== null);
      // A writer that read after another had written may win as well, on that version.
      const etags = new Set(written.map(({ etag }) => etag));
      expect(written.length).toBeGreaterThan(0);
      expect(etags.size).toBe(written.length);
      wins += written.length;
    }
    expect(wins).toBeGreaterThanOrEqual(5);
  });

  it('loses no write of many writers, and does none twice', async () => {
    const storage = await create();
    await storage.write('job/list', text(''), 'absent');
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => append(reopen(storage), name)));
    const entries = ((await textOf(storage, 'job/list')) ?? '').trim().split(' ');
    const expected = ['a', 'b', 'c', 'd'].flatMap((name) => [0, 1, 2, 3, 4].map((i) => name + i));
    expect(entries.toSorted()).toEqual(expected);
  }, 30_000);
}

/** Writes five entries of its own to the end of a list, each on the version that it read. */
async function append(storage: CheckpointStorage, name: string): Promise<void> {
  for (let i = 0; i < 5; ) {
    const seen = await storage.read('job/list');
    if (seen === null) throw new Error('the list is gone');
    const list = new TextDecoder().decode(seen.bytes);
    const entry = `${name}${i} `;
    try {
      if ((await storage.write('job/list', text(list + entry), { etag: seen.etag })) !== null) i++;
    } catch (error) {
      // Not known: a write that went through stays in all later versions.
      if (!(error instanceof MillraceError)) throw error;
      if ((await textOf(storage, 'job/list'))?.includes(entry) === true) i++;
    }
  }
}

function testFiles({ create, local }: CheckpointStorageUnderTest): void {
  it('takes a local file in and gives it out', async () => {
    const storage = await create();
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) & 255);
    await local.write(local.path('in.seg'), bytes);
    await storage.writeFrom('job/segments/in.seg', local.path('in.seg'));
    expect(await storage.list('job/segments/')).toEqual([
      { name: 'job/segments/in.seg', bytes: 200_000 },
    ]);
    await storage.readTo('job/segments/in.seg', local.path('out.seg'));
    expect(await local.read(local.path('out.seg'))).toEqual(bytes);
    expect((await storage.read('job/segments/in.seg'))?.bytes).toEqual(bytes);
  });

  it('replaces what is there, on both sides', async () => {
    const storage = await create();
    await local.write(local.path('a'), text('first'));
    await local.write(local.path('b'), text('second one'));
    await storage.writeFrom('job/f', local.path('a'));
    await storage.writeFrom('job/f', local.path('b'));
    await storage.writeFrom('job/f', local.path('b'));
    await storage.readTo('job/f', local.path('a'));
    await storage.readTo('job/f', local.path('a'));
    expect(await local.read(local.path('a'))).toEqual(text('second one'));
  });

  it('says what is missing', async () => {
    const storage = await create();
    await expect(storage.readTo('job/none', local.path('c'))).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_MISSING',
    });
  });
}
