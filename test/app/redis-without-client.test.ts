import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** A module loader for which the client library is not installed. */
const withoutClient = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    if (name === 'redis') throw new Error('not installed');
    return next(name, context);
  },
});`)}`;

const program = `
import { count, defineConfig, entity, featureView, millrace, rolling, stream, t } from 'millrace';
import { file } from 'millrace/file';
import { redis } from 'millrace/redis';
const user = entity('user', { key: { user_id: t.string() } });
const clicks = stream('clicks', {
  schema: { user_id: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts' },
});
const view = featureView('clicks_1h', {
  entity: user,
  from: clicks,
  features: () => ({ n: count().over(rolling('1h')) }),
});
const config = defineConfig({
  project: 'shop',
  definitions: [{ view }],
  environments: {
    live: { streams: { clicks: file('./clicks.jsonl') }, online: redis('redis://127.0.0.1:9') },
  },
});
const app = await millrace(config, { env: 'live' });
const problems = app.check().filter(({ severity }) => severity === 'error');
const failure = await app.store
  .get(view, { user_id: 'u1' })
  .catch(({ code, fix }) => ({ code, fix }));
console.log(JSON.stringify({ views: app.plan.views.length, problems, failure }));
`;

test('without the client library Redis can be planned and checked; reading says what to install', {
  timeout: 30_000,
}, async () => {
  const flags = ['--conditions=millrace-src', '--import', withoutClient, '--input-type=module'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program]);
  expect(JSON.parse(stdout)).toEqual({
    views: 1,
    problems: [],
    failure: { code: 'MR_CONFIG_INVALID', fix: 'npm install redis@6.3.1' },
  });
});
