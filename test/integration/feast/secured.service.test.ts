// A stock Feast SDK on a Redis that asks for a user and a password, by the file that the export
// wrote and a secret that only the environment has; and rows that the SDK writes through our server.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redis } from '../../../src/adapters/redis/index.ts';
import { type App, millrace } from '../../../src/app/millrace.ts';
import type { FeatureServer } from '../../../src/serve/http/feature-server.ts';
import { type RedisServer, startRedis } from '../redis/redis-server.ts';
import { howToRun, withServices } from '../service.ts';
import { allTypesProject, startMs } from './all-types-project.ts';
import { runFeastScript } from './feast-environment.ts';

const password = 'pass:word/é';

const read = `
import json
from feast import FeatureStore
print(json.dumps(FeatureStore(repo_path=".").get_online_features(
  features=["pairs:pair_events", "pairs:pair_twice"],
  entity_rows=[{"user_id": "u0", "item_id": 7}, {"user_id": "new", "item_id": 1}]).to_dict()))`;

/** A row for an entity that no event has, through the remote store. */
const write = `
import datetime, pathlib, pandas as pd
from feast import FeatureStore
store = FeatureStore(fs_yaml_file=pathlib.Path("feature_store.remote.yaml"))
rows = pd.DataFrame({"user_id": ["new"], "item_id": [1], "pair_events": [5], "pair_doubles": [[0.5, 2.0]], "pair_twice": [10],
  "as_of": [pd.Timestamp(${startMs}, unit="ms", tz="UTC")], "_arrival_time": [pd.Timestamp(${startMs}, unit="ms", tz="UTC")]})
store.write_to_online_store("pairs", df=rows)`;

// Each script is a process that first loads Feast.
vi.setConfig({ testTimeout: 240_000 });

if (withServices) {
  let folder = '';
  let server: RedisServer | undefined;
  let app: App | undefined;
  let ours: FeatureServer | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-feast-secured-'));
    const users = join(folder, 'users.acl');
    await writeFile(users, `user default off\nuser features on >${password} ~* &* +@all\n`);
    server = await startRedis({ args: ['--aclfile', users] });
    const binding = redis(server.url, { layout: 'feast', username: 'features', password });
    app = await millrace(allTypesProject(folder, binding), { baseDirectory: folder });
    await app.run({ untilEnd: true });
    ours = await app.serve({ port: 0 });
    await app.feast.export({ out: join(folder, 'repo'), url: ours.url });
  }, 580_000);

  afterAll(async () => {
    await app?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe('a Redis with users', () => {
    it('is read by the SDK with the password of its environment, which no file has', async () => {
      const yaml = await readFile(join(folder, 'repo/feature_store.yaml'), 'utf8');
      expect(yaml).toContain('username=features,password=${REDIS_PASSWORD}');
      expect(yaml).not.toContain(password);
      const cwd = join(folder, 'repo');
      const text = await runFeastScript(read, { cwd, env: { REDIS_PASSWORD: password } });
      expect(JSON.parse(text)).toMatchObject({ pair_events: [1, null], pair_twice: [2, null] });
      await expect(runFeastScript(read, { cwd, env: { REDIS_PASSWORD: 'wrong' } })).rejects.toThrow(
        'invalid username-password pair',
      );
    });

    it('takes rows that the SDK writes through our server, which the SDK then reads', async () => {
      const cwd = join(folder, 'repo');
      await runFeastScript(write, { cwd });
      const { values, eventTime } =
        (await app?.read('pairs', { user_id: 'new', item_id: 1n })) ?? {};
      expect(values).toEqual({ pair_events: 5, pair_doubles: [0.5, 2], pair_twice: 10 });
      expect(eventTime).toBe(startMs);
      const text = await runFeastScript(read, { cwd, env: { REDIS_PASSWORD: password } });
      expect(JSON.parse(text)).toMatchObject({ pair_events: [1, 5], pair_twice: [2, 10] });
    });
  });
} else {
  it.skip(`a stock Feast SDK on a Redis with users (${howToRun})`, () => undefined);
}
