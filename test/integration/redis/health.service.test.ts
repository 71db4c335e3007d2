// What the feature server says of itself while Redis dies, comes back without rows, and is filled again.
import { millrace } from 'millrace';
import { redis } from 'millrace/redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../cli/run-cli.ts';
import { howToRun, withServices } from '../service.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { shopConfig, spend, writeEvents } from './shop-project.ts';

describe.skipIf(!withServices)(`/health over Redis (${howToRun})`, () => {
  let folder = temporaryFolder();
  let server: RedisServer;
  beforeEach(async () => {
    folder = temporaryFolder();
    writeEvents(folder.path, 2000);
    server = await startRedis();
  });
  afterEach(async () => {
    await server.stop();
    folder.remove();
  });

  it('answers 503 and says why, until rows are there again', async () => {
    const environment = { online: redis(server.url, { readTimeout: '500ms' }) };
    const config = shopConfig({ folder: folder.path, environment });
    const job = await millrace(config);
    await job.run();
    const app = await millrace(config);
    const serving = await app.serve({ port: 0 });
    const health = async (): Promise<readonly [number, string]> => {
      const response = await fetch(`${serving.url}/health`);
      return [response.status, await response.text()];
    };
    const soon = { timeout: 10_000, interval: 100 };
    await app.store.get(spend, { user_id: 'u1' });
    await expect.poll(health, soon).toEqual([200, expect.any(String)]);

    await server.kill();
    await expect.poll(health, soon).toEqual([503, expect.stringContaining('does not answer')]);
    const read = await fetch(`${serving.url}/get-online-features`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ features: ['spend:n'], entities: { user_id: ['u1'] } }),
    });
    expect(read.status).toBe(503);

    await server.restart();
    await expect.poll(health, soon).toEqual([503, expect.stringContaining('lost')]);
    await job.run();
    await expect.poll(health, soon).toEqual([200, expect.any(String)]);
    const { values } = await app.store.get(spend, { user_id: 'u1' });
    expect(values.n).toBe(4);
    await job.close();
    await serving.close();
    await app.close();
  });
});
