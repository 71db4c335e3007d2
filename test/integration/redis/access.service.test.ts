// How a store is reached: a cluster of three servers, TLS, and a user who may do no more than a job
// (or a reader) needs. All on real servers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redis } from 'millrace/redis';
import { encodeKey } from '../../../src/kernel/key-encoding.ts';
import type { OnlineStore, OnlineStoreBinding } from '../../../src/ports/online-store.ts';
import { testOnlineStore } from '../../../src/testing/conformance/online-store.ts';
import { type VectorRow, vectorBatch } from '../../../src/testing/vectors.ts';
import { freePort, howToRun, withServices } from '../service.ts';
import { makeServerCertificates } from './certificates.ts';
import { startCluster } from './redis-cluster.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const users = {
  view: 'users',
  key: [{ name: 'user_id', type: { kind: 'string' as const }, nullable: false }],
  features: [{ name: 'total', type: { kind: 'float64' as const }, nullable: true }],
  fingerprint: 'users-1',
};

function open(binding: OnlineStoreBinding, mode: 'read' | 'write'): Promise<OnlineStore> {
  return binding.open({ project: 'shop', baseDirectory: '.', mode, views: [users] });
}

const rows: readonly VectorRow[] = Array.from({ length: 2000 }, (_, i) => ({
  key: { user_id: `u${i}` },
  values: { total: i },
  asOfMs: 1000 + i,
  seq: 1,
}));
const keys = rows.map(({ key }) => encodeKey(users.key, key));

async function writesAndReads(
  writing: OnlineStoreBinding,
  reading: OnlineStoreBinding = writing,
): Promise<void> {
  const writer = await open(writing, 'write');
  await writer.write(vectorBatch(users, rows));
  await writer.writeNote('checkpoint', '7');
  const reader = await open(reading, 'read');
  const found = await reader.read('users', keys);
  expect(found.every((row) => row !== null)).toBe(true);
  expect([reader.greatestAsOfMs(), reader.readNote('checkpoint')]).toEqual([2999, '7']);
  let scanned = 0;
  for await (const _ of reader.scan('users')) scanned += 1;
  expect(scanned).toBe(rows.length);
  await Promise.all([writer.close(), reader.close()]);
}

if (withServices) {
  const cluster = await startCluster();
  afterAll(() => cluster.stop());
  const empty = async (): Promise<void> => {
    for (const { url } of cluster.servers) {
      const { createClient } = await import('redis');
      const client = createClient({ url });
      await client.connect();
      await client.flushAll();
      client.destroy();
    }
  };
  for (const layout of ['packed', 'feast'] as const) {
    // One test at a time has the cluster to itself.
    const binding = (): OnlineStoreBinding => {
      const opened = redis(cluster.urls[0] ?? '', { cluster: cluster.urls, layout });
      let isFirst = true;
      return {
        ...opened,
        open: async (context) => {
          if (isFirst) await empty();
          isFirst = false;
          return opened.open(context);
        },
      };
    };
    const withoutJobs = (): OnlineStoreBinding => {
      const { jobs: _, ...rest } = binding();
      return rest;
    };
    testOnlineStore(`a cluster in layout ${layout}`, { create: withoutJobs });
  }

  describe('a cluster', () => {
    it('spreads a view over its servers, and notices one that lost its rows', async () => {
      await empty();
      const binding = redis(cluster.urls[1] ?? '', { cluster: true });
      await writesAndReads(binding);
      const store = await open(binding, 'write');
      expect(store.loss?.hasLostRows()).toBe(false);
      await store.writeNote('checkpoint', '8');
      const { createClient } = await import('redis');
      const sizes: number[] = [];
      for (const { url } of cluster.servers) {
        const client = createClient({ url });
        await client.connect();
        sizes.push(await client.dbSize());
        client.destroy();
      }
      expect(Math.min(...sizes)).toBeGreaterThan(400);
      const [third] = cluster.servers.slice(2);
      const client = createClient({ url: third?.url ?? '' });
      await client.connect();
      await client.flushAll();
      client.destroy();
      await store.write(
        vectorBatch(
          users,
          rows.map((row) => ({ ...row, seq: 2 })),
        ),
      );
      expect(store.loss?.hasLostRows()).toBe(true);
      await store.close();
    });
  });
}

describe.skipIf(!withServices)(`access to Redis (${howToRun})`, () => {
  let server: RedisServer;
  let tls: Awaited<ReturnType<typeof makeServerCertificates>>;
  let tlsUrl = '';
  beforeAll(async () => {
    tls = await makeServerCertificates();
    const port = await freePort();
    tlsUrl = `rediss://127.0.0.1:${port}`;
    server = await startRedis({
      args: ['--save', '', ...tls.args, '--tls-port', String(port)],
    });
    const { createClient } = await import('redis');
    const admin = createClient({ url: server.url });
    await admin.connect();
    const common = ['+ping', '+hello', '+select', '+client|setname'];
    const reads = ['+mget', '+get', '+hget', '+hgetall', '+scan'];
    const writes = ['+evalsha', '+eval', '+mset', '+set', '+hset', '+hdel', '+pexpire', '+unlink'];
    const own = ['on', '>pass', 'resetkeys', '~mr:*', '-@all', ...common, ...reads];
    await admin.sendCommand(['ACL', 'SETUSER', 'reader', ...own]);
    await admin.sendCommand(['ACL', 'SETUSER', 'job', ...own, ...writes]);
    admin.destroy();
  });
  afterAll(async () => {
    await server.stop();
    await tls.remove();
  });

  it('encrypts, and refuses a server whose certificate nobody vouches for', async () => {
    await writesAndReads(redis(tlsUrl, { tls: { ca: tls.ca } }));
    const unknown = open(redis(tlsUrl), 'read');
    await expect(unknown).rejects.toMatchObject({ code: 'MR_STORE_OPEN' });
  });

  it('needs few rights: those of a job, and fewer for readers', async () => {
    const options = { password: 'pass' };
    const job = redis(server.url, { ...options, username: 'job' });
    const reader = redis(server.url, { password: () => 'pass', username: 'reader' });
    await writesAndReads(job, reader);
    const writing = open(reader, 'write');
    await expect(writing).rejects.toMatchObject({ code: 'MR_STORE_OPEN' });
    const wrong = open(redis(server.url, { username: 'job', password: 'no' }), 'read');
    await expect(wrong).rejects.toMatchObject({
      code: 'MR_STORE_OPEN',
      fix: expect.stringContaining('user') as unknown,
    });
  });

  it('says what is wrong with an address, and never its password', () => {
    expect(() => redis('http://u:geheim@h')).toThrow(/redis URL/);
    expect(() => redis('http://u:geheim@h')).not.toThrow(/geheim/);
    expect(redis('redis://u:geheim@h:1').description).toBe('redis h:1');
    expect(() => redis('redis://h', { layuot: 'feast' } as object)).toThrow(/no option "layuot"/);
  });
});
