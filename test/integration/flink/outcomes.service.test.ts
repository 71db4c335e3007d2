// What goes wrong on a real cluster, one outcome each: by the calls, and by the command line.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster, stopCluster } from './flink-cluster.ts';
import { defaultFlinkDirectory, installFlink } from './flink-install.ts';
import { openGatewaySession } from '../../../src/flink/client/gateway-client.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { CliHost, type CliResult, jsonOf } from '../../cli/run-cli.ts';
import { howToRun, withServices } from '../service.ts';

let folder: string;
let cluster: Cluster;
let cli: CliHost;

/** Flink as it is published: without the connector to Kafka. */
function plainFlink(): string {
  const dist = installFlink(defaultFlinkDirectory);
  const plain = join(folder, 'dist');
  mkdirSync(join(plain, 'lib'), { recursive: true });
  for (const name of ['bin', 'opt', 'plugins']) symlinkSync(join(dist, name), join(plain, name));
  for (const name of readdirSync(join(dist, 'lib'))) {
    if (!name.includes('kafka') && !name.includes('parquet')) {
      symlinkSync(join(dist, 'lib', name), join(plain, 'lib', name));
    }
  }
  return plain;
}

const definitions = `
import { entity, featureView, rolling, stream, sum, t } from 'millrace';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
export const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  decay: 'never',
  features: (p) => ({ spent: sum(p.amount).over(rolling('1h')) }),
});
`;

const configText = (): string => `
import { defineConfig } from 'millrace';
import { featureLog, file } from 'millrace/file';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import * as definitions from './definitions.ts';
const topic = (name) => kafka({ brokers: ['127.0.0.1:1'], topic: name, format: 'json' });
const at = { gateway: '${cluster.gateway}', jobManager: '${cluster.jobManager}' };
const checkpoints = { directory: './state', interval: '1s' };
const environment = (engine, more) => ({
  streams: { purchases: topic('purchases') }, outputs: { spend: topic('spend') }, checkpoints, engine, ...more,
});
export default defineConfig({
  project: 'shop',
  definitions: [definitions],
  environments: {
    fleet: environment(flink(at)),
    full: environment(flink(at), { parallelism: 50 }),
    logged: environment(flink(at), {
      streams: { purchases: file('./purchases.jsonl') }, outputs: {}, offline: featureLog('./offline'),
    }),
    nobody: environment(flink({ ...at, gateway: 'http://127.0.0.1:1' })),
    silent: environment(flink({ ...at, jobManager: 'http://127.0.0.1:1' })),
    lost: environment(flink(at), { checkpoints: undefined }),
  },
});
`;

const run = (...args: readonly string[]): Promise<CliResult> => cli.run(folder, ...args);

describe.skipIf(!withServices)(`what goes wrong on Flink (${howToRun})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-outcomes-'));
    cluster = await startCluster({
      dist: plainFlink(),
      directory: join(folder, 'cluster'),
      port: 20_000 + 3 * (process.pid % 3000),
      memory: '1400m',
    });
    writeFileSync(join(folder, 'definitions.ts'), definitions);
    writeFileSync(join(folder, 'millrace.config.ts'), configText());
    writeFileSync(join(folder, 'purchases.jsonl'), '{"user_id":"u1","amount":1,"ts":1}\n');
    cli = new CliHost();
  }, 180_000);

  afterAll(async () => {
    cli.stop();
    await stopCluster(join(folder, 'cluster'));
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it.each([
    ['fleet', 'MR_FLINK_JAR', 'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2'],
    ['logged', 'MR_FLINK_JAR', 'org.apache.flink:flink-parquet:2.2.0'],
    ['full', 'MR_FLINK_SLOTS', 'the job needs 50 task slots, and 2 of 2 are free for it'],
    ['nobody', 'MR_FLINK_UNREACHABLE', 'the SQL gateway at http://127.0.0.1:1 does not answer'],
    ['silent', 'MR_FLINK_UNREACHABLE', 'the JobManager at http://127.0.0.1:1 does not answer'],
    ['lost', 'MR_CONFIG_INVALID', 'takes no checkpoints'],
  ])('deploy says it: %s is %s', async (env, code, words) => {
    const { code: exit, stderr, stdout } = await run('flink', 'deploy', '--env', env);
    expect(stderr).toContain(`error ${code}`);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(exit).toBe(code === 'MR_CONFIG_INVALID' ? 1 : 3);
  });

  it('leaves nothing behind that a later deployment would trip over', async () => {
    const status = await run('flink', 'status', '--env', 'fleet', '--json');
    expect(jsonOf<{ state: string }>(status).state).toBe('NOT_DEPLOYED');
    const stopped = await run('flink', 'stop', '--env', 'fleet');
    expect(stopped.stderr).toContain('error MR_FLINK_DEPLOYMENT: no job millrace-shop-fleet runs');
    expect(stopped.code).toBe(1);
    expect(readdirSync(folder)).not.toContain('state');
  });

  it('a session that is gone, and SQL that is wrong, are told apart', async () => {
    const session = await openGatewaySession({ url: cluster.gateway, clock: systemClock });
    const wrong = session.execute('SELECT\n  amnt\nFROM (VALUES (1)) AS t (amount)', 'view:spend');
    await expect(wrong).rejects.toMatchObject({
      code: 'MR_FLINK_STATEMENT',
      context: { path: 'view:spend', line: 2, column: 3 },
    });
    await expect(wrong).rejects.toThrow("Column 'amnt' not found in any table");
    const parsed = session.execute('SELECT 1 +\nFROM t');
    await expect(parsed).rejects.toMatchObject({ context: { line: 1, column: 10 } });
    await fetch(`${cluster.gateway}${session.path}`, { method: 'DELETE' });
    await expect(session.execute('SELECT 1')).rejects.toMatchObject({ code: 'MR_FLINK_SESSION' });
    await session.close();
  });
});
