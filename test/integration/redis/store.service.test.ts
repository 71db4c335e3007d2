// The online store on a real Redis: what every online store must do.
import { afterAll, describe, it } from 'vitest';
import { redis } from 'millrace/redis';
import { testOnlineStore } from '../../../src/testing/conformance/online-store.ts';
import { howToRun, withServices } from '../service.ts';
import { startRedis } from './redis-server.ts';

if (withServices) {
  // Each test takes a database of its own.
  const server = await startRedis({ args: ['--save', '', '--databases', '2000'] });
  afterAll(() => server.stop());
  let databases = 0;
  const create = (layout: 'packed' | 'feast') => redis(`${server.url}/${databases++}`, { layout });
  testOnlineStore('Redis in layout packed', { create: () => create('packed') });
  testOnlineStore('Redis in layout feast', { create: () => create('feast') });
} else {
  describe('Redis', () => {
    it.skip(howToRun);
  });
}
