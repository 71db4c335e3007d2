import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3CheckpointStorage } from '../../src/adapters/s3/s3-checkpoint-storage.ts';
import { openCheckpointStore } from '../../src/engine/checkpoint/checkpoint-store.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { CheckpointStorage } from '../../src/ports/checkpoint-storage.ts';
import { testCheckpointStorage } from '../../src/testing/conformance/checkpoint-storage.ts';
import { manifestDraft } from '../../src/testing/manifests.ts';
import { startMoto } from './moto.ts';
import { howToRun, npmPackage, type Service, startService, withServices } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-s3-service-'));
afterAll(() => rm(folder, { recursive: true }));

const local = {
  path: (name: string) => join(folder, name),
  read: async (path: string) => new Uint8Array(await readFile(path)),
  write: (path: string, bytes: Uint8Array) => writeFile(path, bytes),
};

const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const env = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const installTimeoutMs = 180_000;
let prefixes = 0;

function storageAt(service: Service, prefix: string, more = {}): CheckpointStorage {
  const url = `s3://checkpoints/${prefix}`;
  const { endpoint } = service;
  return s3CheckpointStorage({ url, endpoint, env: { ...env, ...more }, clock: systemClock });
}

// moto does conditional writes: what keeps two processes apart is checked against it.
describe.skipIf(!withServices)(`moto (${howToRun})`, () => {
  let service: Service;

  beforeAll(async () => {
    service = await startMoto();
    const client = new AwsClient({ ...keys, service: 's3', region: 'us-east-1' });
    await client.fetch(`${service.endpoint}/checkpoints`, { method: 'PUT' });
  }, installTimeoutMs);
  afterAll(() => service?.stop());

  testCheckpointStorage('a bucket of moto', {
    create: () => storageAt(service, `p${prefixes++}`),
    pageSize: 1000,
    local,
  });

  it('keeps the checkpoints of a job, for one process at a time', async () => {
    const storage = storageAt(service, 'jobs');
    const options = { storage, job: 'shop', clock: systemClock };
    const first = await openCheckpointStore(options);
    await first.loadLatest();
    await writeFile(local.path('state'), 'state');
    for (let i = 1; i <= 3; i++) {
      const draft = manifestDraft(first.nextId(), { s: 5, [`h${i}`]: 5 });
      await first.commit(draft, () => local.path('state'));
    }
    const elsewhere = { owner: 'b', host: 'b', pid: 1, place: 'b', isAlive: () => true };
    const second = { ...options, storage: storageAt(service, 'jobs'), self: elsewhere };
    await expect(openCheckpointStore(second)).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_IN_USE',
    });
    await first.saveAs('kept', (await first.loadLatest()).manifest as never);
    await first.close();
    const next = await openCheckpointStore(second);
    expect((await next.loadLatest()).manifest?.id).toBe(3);
    await next.close();
    expect((await storage.list('shop/')).map(({ name }) => name.slice(5))).toEqual([
      'lock.json',
      'manifests/000000000002.json',
      'manifests/000000000003.json',
      'savepoints/kept/manifest.json',
      ...['savepoints/kept/segments/h3', 'savepoints/kept/segments/s'],
      ...['segments/h2', 'segments/h3', 'segments/s'],
    ]);
  }, 60_000);

  it('is told to have no such bucket', async () => {
    const nowhere = s3CheckpointStorage({
      url: 's3://nowhere',
      endpoint: service.endpoint,
      env,
      clock: systemClock,
    });
    await expect(nowhere.list('')).rejects.toMatchObject({ code: 'MR_CHECKPOINT_ACCESS' });
    await expect(nowhere.read('a')).rejects.toMatchObject({ code: 'MR_CHECKPOINT_ACCESS' });
  });
});

// With users of its own, moto computes every signature with the code of AWS's own client (botocore).
describe.skipIf(!withServices)(`moto with users (${howToRun})`, () => {
  let service: Service;
  let made = keys;

  beforeAll(async () => {
    // So many calls are let through before signatures count: whether it answers, and what follows.
    service = await startMoto({ INITIAL_NO_AUTH_ACTION_COUNT: '5' });
    const root = new AwsClient({ ...keys, region: 'us-east-1' });
    const call = async (parameters: Record<string, string>): Promise<string> => {
      const body = new URLSearchParams({ Version: '2010-05-08', UserName: 'job', ...parameters });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const init = { method: 'POST', body: body.toString(), headers, aws: { service: 'iam' } };
      return (await root.fetch(`${service.endpoint}/`, init)).text();
    };
    await call({ Action: 'CreateUser' });
    const key = await call({ Action: 'CreateAccessKey' });
    const part = (tag: string): string => new RegExp(`<${tag}>(.*?)<`).exec(key)?.[1] ?? '';
    made = { accessKeyId: part('AccessKeyId'), secretAccessKey: part('SecretAccessKey') };
    const all = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [all] });
    await call({ Action: 'PutUserPolicy', PolicyName: 'all', PolicyDocument });
    const s3 = { method: 'PUT', aws: { service: 's3' } };
    await root.fetch(`${service.endpoint}/checkpoints`, s3);
  }, installTimeoutMs);
  afterAll(() => service?.stop());

  const env = (secret = made.secretAccessKey) => ({
    AWS_ACCESS_KEY_ID: made.accessKeyId,
    AWS_SECRET_ACCESS_KEY: secret,
  });

  it('takes our signatures', async () => {
    const storage = storageAt(service, 'team/a', env());
    await storage.write('job/a', text('1'));
    expect(await storage.write('job/a', text('2'), 'absent')).toBeNull();
    expect(Buffer.from((await storage.read('job/a'))?.bytes ?? []).toString()).toBe('1');
    expect(await storage.list('job/')).toEqual([{ name: 'job/a', bytes: 1 }]);
    await storage.remove(['job/a']);
    expect(await storage.list('')).toEqual([]);
  });

  it('refuses a wrong secret, in words', async () => {
    const storage = storageAt(service, 'team/a', env('wrong'));
    await expect(storage.list('')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_ACCESS',
      message: expect.stringContaining('SignatureDoesNotMatch'),
    });
  });
});

// s3rver has no conditional writes.
describe.skipIf(!withServices)(`s3rver (${howToRun})`, () => {
  let service: Service;

  beforeAll(async () => {
    const at = await npmPackage('s3rver', '3.7.1');
    const program = join(at, 'node_modules/s3rver/bin/s3rver.js');
    const data = join(folder, 's3rver');
    service = await startService(process.execPath, (port) => [
      ...[program, '-d', data, '-a', '127.0.0.1', '-p', String(port)],
      ...['--configure-bucket', 'checkpoints'],
    ]);
  }, installTimeoutMs);
  afterAll(() => service?.stop());

  it('writes, reads, lists, copies and removes what we ask', async () => {
    const storage = storageAt(service, 'team/a b');
    await writeFile(local.path('in'), 'a file');
    await storage.writeFrom('job/segments/g1.seg', local.path('in'));
    await storage.write('job/manifests/1.json', text('one'));
    await storage.copy('job/segments/g1.seg', 'job/savepoints/s/segments/g1.seg');
    expect(await storage.list('job/')).toEqual([
      { name: 'job/manifests/1.json', bytes: 3 },
      { name: 'job/savepoints/s/segments/g1.seg', bytes: 6 },
      { name: 'job/segments/g1.seg', bytes: 6 },
    ]);
    await storage.readTo('job/savepoints/s/segments/g1.seg', local.path('out'));
    expect(await readFile(local.path('out'), 'utf8')).toBe('a file');
    expect(await storage.read('job/none')).toBeNull();
    await expect(storage.copy('job/none', 'job/x')).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_MISSING',
    });
    await storage.remove((await storage.list('')).map(({ name }) => name));
    expect(await storage.list('')).toEqual([]);
  });

  it('is refused for checkpoints: it would let two processes run one job', async () => {
    const write = storageAt(service, 'p').write('job/lock.json', text('1'), 'absent');
    await expect(write).rejects.toThrow('does no conditional writes');
  });
});
