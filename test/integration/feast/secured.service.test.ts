// A stock Feast SDK on a Redis that asks for a user and a password, by the file that the export wrote and
// a secret that only the environment has.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '../../../src/adapters/redis/index.ts';
import { type App, millrace } from '../../../src/app/millrace.ts';
import { type RedisServer, startRedis } from '../redis/redis-server.ts';
import { howToRun, withServices } from '../service.ts';
import { allTypesProject } from './all-types-project.ts';
import { runFeastScript } from './feast-environment.ts';

const password = 'pass:word/é';

const read = `
import json
from feast import FeatureStore
print(json.dumps(FeatureStore(repo_path=".").get_online_features(
  features=["pairs:pair_events", "pairs:pair_twice"],
  entity_rows=[{"user_id": "u0", "item_id": 7}, {"user_id": "new", "item_id": 1}]).to_dict()))`;

if (withServices) {
  let folder = '';
  let server: RedisServer | undefined;
  let app: App | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-feast-secured-'));
    const users = join(folder, 'users.acl');
    await writeFile(users, `user default off\nuser features on >${password} ~* &* +@all\n`);
    server = await startRedis({ args: ['--aclfile', users] });
    const binding = redis(server.url, { layout: 'feast', username: 'features', password });
    app = await millrace(allTypesProject(folder, binding), { baseDirectory: folder });
    await app.run({ untilEnd: true });
    await app.feast.export({ out: join(folder, 'repo') });
  }, 120_000);

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
  });
} else {
  it.skip(`a stock Feast SDK on a Redis with users (${howToRun})`, () => undefined);
}
