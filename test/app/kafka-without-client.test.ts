import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** A module loader for which the client library is not installed. */
const withoutClient = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    if (name === '@platformatic/kafka') throw new Error('not installed');
    return next(name, context);
  },
});`)}`;

const program = `
import { count, defineConfig, entity, featureView, millrace, rolling, stream, t } from 'millrace';
import { kafka } from 'millrace/kafka';
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
const topic = (name) => kafka({ brokers: ['127.0.0.1:9'], topic: name, format: 'json' });
const config = defineConfig({
  project: 'shop',
  definitions: [{ view }],
  environments: { live: { streams: { clicks: topic('clicks') }, outputs: { clicks_1h: topic('out') } } },
});
const app = await millrace(config, { env: 'live' });
const problems = app.check().filter(({ severity }) => severity === 'error');
const failure = await app.run().catch(({ code, fix }) => ({ code, fix }));
console.log(JSON.stringify({ views: app.plan.views.length, problems, failure }));
`;

test('without the client library Kafka can be planned and checked; running says what to install', {
  timeout: 30_000,
}, async () => {
  const flags = ['--conditions=millrace-src', '--import', withoutClient, '--input-type=module'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program]);
  expect(JSON.parse(stdout)).toEqual({
    views: 1,
    problems: [],
    failure: { code: 'MR_CONFIG_INVALID', fix: 'npm install @platformatic/kafka@2.12.1' },
  });
});
