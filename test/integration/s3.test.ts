import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type S3StorageOptions,
  s3CheckpointStorage,
} from '../../src/adapters/s3/s3-checkpoint-storage.ts';
import { openCheckpointStore } from '../../src/engine/checkpoint/checkpoint-store.ts';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';
import type { CheckpointStorage } from '../../src/ports/checkpoint-storage.ts';
import { testCheckpointStorage } from '../../src/testing/conformance/checkpoint-storage.ts';
import { manifestDraft } from '../../src/testing/manifests.ts';
import { type S3Call, type S3Fault, S3Server, s3Keys } from './s3-server.ts';

const server = new S3Server();
const folder = mkdtempSync(join(tmpdir(), 'millrace-s3-'));
let endpoint = '';

beforeAll(async () => {
  endpoint = await server.start();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => server.reset());

const env = {
  AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
  AWS_REGION: 'eu-central-1',
};

function storageOf(options: Partial<S3StorageOptions> = {}): CheckpointStorage {
  return s3CheckpointStorage({
    url: 's3://checkpoints/team/a+b',
    endpoint,
    env,
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 50, signal) },
    timeoutMs: 100_000,
    ...options,
  });
}

testCheckpointStorage('an S3 bucket', {
  create: () => storageOf(),
  reopen: () => storageOf(),
  pageSize: 1000,
  local: {
    path: (name) => join(folder, name),
    read: async (path) => new Uint8Array(await readFile(path)),
    write: (path, bytes) => writeFile(path, bytes),
  },
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The fault for the first `times` calls that match. */
function failing(
  matches: (call: S3Call) => boolean,
  fault: S3Fault,
  times = 1,
): (call: S3Call) => S3Fault | null {
  let left = times;
  return (call) => (matches(call) && left-- > 0 ? fault : null);
}

const isPutOf =
  (name: string) =>
  ({ method, key }: S3Call): boolean =>
    method === 'PUT' && key.endsWith(name);

describe('an S3 bucket', () => {
  it('keeps objects below the prefix of the address', async () => {
    await storageOf().write('job/a', text('1'));
    expect([...server.objects.keys()]).toEqual(['team/a+b/job/a']);
  });

  it('takes any prefix', async () => {
    const storage = storageOf({ url: 's3://checkpoints/a&b <c>/d é+"' });
    await storage.write('job/a', text('1'));
    await storage.copy('job/a', 'job/b');
    const objects = ['job/a', 'job/b'].map((name) => ({ name, bytes: 1 }));
    expect(await storage.list('job/')).toEqual(objects);
    await storage.remove(['job/a', 'job/b']);
    expect(server.objects.size).toBe(0);
  });

  it.each<[string, S3Fault, number]>([
    ['a server error', { kind: 'answer', status: 503, code: 'SlowDown' }, 4],
    ['too many requests', { kind: 'answer', status: 429, code: 'TooManyRequests' }, 2],
    [
      'a conflict of conditions',
      { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' },
      1,
    ],
    ['a cut connection', { kind: 'cut' }, 2],
    ['a lost answer', { kind: 'lost' }, 3],
  ])('is asked again after %s', async (_, fault, times) => {
    const storage = storageOf();
    server.fault = failing(isPutOf('job/a'), fault, times);
    expect(await storage.write('job/a', text('1'), 'absent')).not.toBeNull();
    server.fault = failing(({ method }) => method === 'GET', fault, times);
    const found = await storage.read('job/a');
    server.fault = failing(isPutOf('job/a'), fault, times);
    const next = await storage.write('job/a', text('2'), { etag: found?.etag ?? '' });
    expect(next).not.toBeNull();
    expect(await storage.write('job/a', text('3'), { etag: found?.etag ?? '' })).toBeNull();
    expect((await storage.read('job/a'))?.etag).toBe(next?.etag);
  });

  it('tells a write of its own whose answer was lost from one of somebody else', async () => {
    const storage = storageOf();
    await storage.write('job/other', text('1'), 'absent');
    await storage.write('job/m', text('theirs'), 'absent');
    server.fault = failing(isPutOf('job/m'), { kind: 'cut' });
    expect(await storage.write('job/m', text('mine'), 'absent')).toBeNull();
  });

  it('waits longer each time, and gives up in the end', async () => {
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms, signal) => {
        if (signal === undefined) waits.push(ms);
        else await systemClock.sleep(ms, signal);
      },
    };
    server.fault = () => ({ kind: 'answer', status: 500, code: 'InternalError' });
    await expect(storageOf({ clock }).list('job/')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_STORAGE',
      message: expect.stringContaining('S3 answered 500 InternalError'),
    });
    expect(waits).toHaveLength(4);
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(50 * 2 ** i);
      expect(wait).toBeLessThanOrEqual(100 * 2 ** i);
    }
  });

  it('is given a limited time for an answer', async () => {
    server.fault = () => ({ kind: 'slow', ms: 400 });
    const storage = storageOf({ clock: systemClock, timeoutMs: 100, attemptsMax: 2 });
    await expect(storage.read('job/a')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_STORAGE',
      message: expect.stringContaining('no answer within 0.1 s'),
    });
  });

  it.each<[number, string, string, string]>([
    [403, 'AccessDenied', 'MR_CHECKPOINT_ACCESS', 'S3 answered 403 AccessDenied'],
    [400, 'ExpiredToken', 'MR_CHECKPOINT_ACCESS', 'refuses the keys (ExpiredToken)'],
    [404, 'NoSuchBucket', 'MR_CHECKPOINT_ACCESS', 'there is no bucket "checkpoints"'],
    [507, 'XMinioStorageFull', 'MR_CHECKPOINT_FULL', 'there is no room'],
    [501, 'NotImplemented', 'MR_CHECKPOINT_ACCESS', 'does no conditional writes'],
    [418, '', 'MR_CHECKPOINT_STORAGE', 'S3 answered 418 for'],
  ])('says in words what %i %s means', async (status, s3Code, code, message) => {
    const storage = storageOf({ attemptsMax: 2 });
    server.fault = () => ({ kind: 'answer', status, code: s3Code });
    const expected = { code, message: expect.stringContaining(message) };
    await expect(storage.read('job/a')).rejects.toMatchObject(expected);
    await expect(storage.write('job/a', text('1'), 'absent')).rejects.toMatchObject(expected);
    await expect(storage.list('job/')).rejects.toMatchObject(expected);
    await expect(storage.copy('job/a', 'job/b')).rejects.toMatchObject(expected);
  });

  it('says that the clock is off, that the region or the keys are wrong', async () => {
    const late: Clock = { ...systemClock, nowMs: () => Date.now() - 3_600_000 };
    await expect(storageOf({ clock: late }).list('')).rejects.toThrow(
      /clock of this machine is too far off for S3, whose time is \w{3}, \d\d/,
    );
    await expect(storageOf({ region: 'us-west-2' }).list('')).rejects.toMatchObject({
      message: 'bucket "checkpoints" is not in region us-west-2',
      fix: 'set the region: eu-central-1',
    });
    const wrong = { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' };
    await expect(storageOf({ env: wrong }).list('')).rejects.toThrow('SignatureDoesNotMatch');
    await expect(storageOf({ url: 's3://nowhere' }).list('')).rejects.toThrow(
      'no bucket "nowhere"',
    );
    await expect(storageOf({ endpoint: 'http://127.0.0.1:1' }).list('')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_STORAGE',
      message: expect.stringContaining('no answer from s3://checkpoints/team/a+b at http://127'),
    });
  });

  it('is refused when it ignores conditions, which would let two processes run one job', async () => {
    server.ignoresConditions = true;
    const storage = storageOf();
    await expect(storage.write('job/lock.json', text('1'), 'absent')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_ACCESS',
      message: expect.stringContaining('does no conditional writes'),
    });
    expect(server.objects.size).toBe(0);
  });

  it('is probed once', async () => {
    const storage = storageOf();
    for (const name of ['a', 'b', 'c']) await storage.write(name, text(name), 'absent');
    expect(server.calls.filter(({ key }) => key.includes('probe'))).toHaveLength(4);
  });

  it('has the checkpoints of a job through faults of every kind', async () => {
    let calls = 0;
    const kinds: readonly S3Fault[] = [
      { kind: 'cut' },
      { kind: 'lost' },
      { kind: 'answer', status: 500, code: 'InternalError' },
      { kind: 'slow', ms: 5 },
    ];
    server.fault = () => (++calls % 3 === 0 ? (kinds[calls % kinds.length] ?? null) : null);
    const options = { storage: storageOf(), job: 'shop', clock: systemClock };
    const first = await openCheckpointStore(options);
    await first.loadLatest();
    const path = join(folder, 'state.seg');
    await writeFile(path, 'state');
    for (let i = 1; i <= 5; i++) {
      const draft = manifestDraft(first.nextId(), { [`s${i}`]: 5, [`h${i}`]: 5 });
      await first.commit(draft, () => path);
    }
    const elsewhere = { owner: 'b', host: 'b', pid: 1, place: 'b', isAlive: () => true };
    await expect(
      openCheckpointStore({ ...options, storage: storageOf(), self: elsewhere }),
    ).rejects.toMatchObject({ code: 'MR_CHECKPOINT_IN_USE' });
    await first.close();
    server.fault = () => null;
    expect((await storageOf().list('shop/manifests/')).map(({ name }) => name.slice(-6))).toEqual([
      '4.json',
      '5.json',
    ]);
    expect(await storageOf().list('shop/segments/')).toHaveLength(4);
  }, 30_000);
});

describe('an address of S3', () => {
  const describeOf = (url: string, more: Record<string, string> = {}): string =>
    s3CheckpointStorage({ url, env: { ...env, ...more }, clock: systemClock }).description;

  it.each([
    ['s3://bucket/a/b/', {}, 's3://bucket/a/b'],
    [
      's3://bucket',
      { AWS_ENDPOINT_URL: 'http://minio:9000/' },
      's3://bucket/ at http://minio:9000/',
    ],
    ['s3://bucket?endpoint=http://minio:9000', {}, 's3://bucket/ at http://minio:9000'],
  ])('%s is taken', (url, more, expected) => {
    expect(describeOf(url, more)).toBe(expected);
  });

  it.each(['bucket/a', 's3://', 's3://UPPER_case/x', 'https://bucket/x'])(
    '%s is refused',
    (url) => {
      expect(() => describeOf(url)).toThrow('is no address of an S3 bucket');
    },
  );

  it('needs keys, which are named and never shown', () => {
    const none = { AWS_ACCESS_KEY_ID: 'id-of-key' };
    const make = () => s3CheckpointStorage({ url: 's3://bucket', env: none, clock: systemClock });
    expect(make).toThrow('S3 needs the environment variable AWS_SECRET_ACCESS_KEY');
    expect(JSON.stringify(storageOf())).not.toContain(s3Keys.secretAccessKey);
  });
});
