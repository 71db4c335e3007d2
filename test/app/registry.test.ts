// The registry as others get it: over HTTP, with the versions of the files that lie in git.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { file } from '../../src/adapters/file/index.ts';
import { memoryStore } from '../../src/adapters/memory/index.ts';
import { type App, millrace } from '../../src/app/millrace.ts';
import {
  count,
  defineConfig,
  entity,
  featureService,
  featureView,
  lifetime,
  select,
  stream,
  t,
} from '../../src/index.ts';
import type { FeatureServer } from '../../src/serve/http/feature-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'));
let app: App;
let server: FeatureServer;

const user = entity('user', { key: { user_id: t.string() } });
const clicks = stream('clicks', {
  schema: { user_id: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});
const activity = featureView('activity', {
  entity: user,
  from: clicks,
  owner: 'growth',
  freshness: '5s',
  features: () => ({ clicks: count().over(lifetime()) }),
});
const ranking = featureService('ranking', { features: [select(activity, 'clicks')] });

beforeAll(async () => {
  writeFileSync(join(folder, 'clicks.jsonl'), '{"user_id":"u1","ts":1}\n');
  const config = defineConfig({
    project: 'clicks',
    definitions: [{ user, clicks, activity, ranking }],
    environments: {
      local: { streams: { clicks: file('clicks.jsonl') }, online: memoryStore() },
    },
  });
  app = await millrace(config, { baseDirectory: folder });
  await app.registry.write();
  const path = join(folder, 'registry/registry.json');
  // As if the view had been changed six times before.
  const text = readFileSync(path, 'utf8').replace('"version": 1', '"version": 7');
  writeFileSync(path, text);
  server = await app.serve({ port: 0 });
});

afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('GET /registry.json', () => {
  it('says what is served: types, owner, promise, version and who reads what', async () => {
    const reply = await fetch(`${server.url}/registry.json`);
    expect(reply.headers.get('content-type')).toContain('application/json');
    expect(await reply.json()).toMatchObject({
      kind: 'millrace-registry',
      format: 1,
      project: 'clicks',
      views: [{ name: 'activity', version: 7, owner: 'growth', freshness_ms: 5000 }],
      lineage: [
        { from: 'stream:clicks', to: 'view:activity' },
        { from: 'view:activity', to: 'service:ranking' },
      ],
    });
    const page = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      readonly paths: Readonly<Record<string, unknown>>;
    };
    expect(page.paths).toHaveProperty('/registry.json');
  });

  it('is what definitions are compared with', async () => {
    expect(await app.registry.diff(server.url)).toEqual([]);
    expect(
      await app.registry.diff(`${server.url}/registry.json`, join(folder, 'registry')),
    ).toEqual([]);
    await expect(app.registry.diff(`${server.url}/health`)).rejects.toMatchObject({
      code: 'MR_FEATURE_REGISTRY',
    });
    await expect(app.registry.diff(`${server.url}/nowhere`)).rejects.toMatchObject({
      code: 'MR_REGISTRY_UNAVAILABLE',
    });
  });
});
