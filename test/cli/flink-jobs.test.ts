// `millrace flink deploy|status|savepoint|stop|cancel` as a user runs them, against answers of a cluster.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeFlink } from '../flink/fake-flink.ts';
import { CliHost, type CliResult, jsonOf, temporaryFolder, writeFiles } from './run-cli.ts';

const definitions = (least: number): string => `
import { entity, featureView, rolling, stream, sum, t } from 'millrace';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
export const spend = featureView('spend', {
  entity: user,
  from: purchases.where((p) => p.amount.gt(${least})),
  emit: 'watermark',
  features: (p) => ({ spend_1h: sum(p.amount).over(rolling('1h')) }),
});
`;
const config = (url: string, module: string): string => `
import { defineConfig } from 'millrace';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import * as definitions from './${module}';
const topic = (name) => kafka({ brokers: ['localhost:9092'], topic: name });
export default defineConfig({
  project: 'shop',
  definitions: [definitions],
  environments: {
    fleet: {
      engine: flink({ gateway: '${url}', jobManager: '${url}', settle: '1ms' }),
      streams: { purchases: topic('purchases') },
      outputs: { spend: topic('spend') },
      checkpoints: { directory: './state' },
    },
    away: {
      engine: flink({ gateway: 'http://127.0.0.1:1', jobManager: 'http://127.0.0.1:1' }),
      streams: { purchases: topic('purchases') },
    },
  },
});
`;

let cli: CliHost;
let folder: ReturnType<typeof temporaryFolder>;
let flink: FakeFlink;

beforeAll(async () => {
  flink = new FakeFlink();
  const recorded = new URL('../flink/fixtures/compiled-plan.json', import.meta.url);
  flink.compiled = readFileSync(recorded, 'utf8');
  cli = new CliHost();
  folder = temporaryFolder();
  const url = await flink.start();
  writeFiles(folder.path, {
    'definitions.ts': definitions(0),
    'millrace.config.ts': config(url, 'definitions.ts'),
    'changed.ts': definitions(5),
    'changed.config.ts': config(url, 'changed.ts'),
  });
});
afterAll(() => {
  flink.stop();
  cli.stop();
  folder.remove();
});

const run = (...args: readonly string[]): Promise<CliResult> =>
  cli.run(folder.path, 'flink', ...args, '--env', 'fleet');

const changed = (...args: readonly string[]): Promise<CliResult> =>
  run(...args, '--config', 'changed.config.ts');

test('nothing is deployed at first: status says it, and is not well', async () => {
  const { code, stdout } = await run('status');
  expect([code, stdout]).toEqual([3, 'millrace-shop-fleet: not deployed\n']);
});

test('deploy says what it did, and that there was nothing to do', async () => {
  const first = await run('deploy');
  expect([first.code, first.stdout]).toEqual([0, 'deployment 1 runs as job j1\nit began empty\n']);
  const again = await run('deploy', '--json');
  expect(jsonOf(again)).toMatchObject({ outcome: 'unchanged', job: 'j1', deployment: 1 });
  expect((await run('deploy')).stdout).toBe(
    'job j1 runs these definitions already (deployment 1)\n',
  );
});

test('status is a table for people and a document for machines', async () => {
  const { code, stdout } = await run('status');
  expect(code).toBe(0);
  expect(stdout).toContain('millrace-shop-fleet: RUNNING, job j1, deployment 1\n');
  expect(stdout).toMatch(/restarts 2, watermark 1970-01-01T00:00:01Z \(\d+d\w* behind\)\n/);
  expect(stdout).toContain('checkpoints 3, failed 1\n');
  expect(jsonOf(await run('status', '--json'))).toMatchObject({
    state: 'RUNNING',
    is_current: true,
    num_restarts: 2,
    current_input_watermark: 1000,
  });
});

test('a changed definition is seen, and deployed with the state of the job', async () => {
  expect((await changed('status')).stdout).toContain('the definitions have changed since');
  const { stdout, stderr } = await changed('deploy');
  expect(stdout).toContain('deployment 2 runs as job j2\nit went on from mem:/savepoint-of-j1\n');
  expect(stdout).toContain('state kept: purchases, spend__output, spend__rolling_1h');
  expect(stderr).toContain('job j1 stopped with the savepoint mem:/savepoint-of-j1');
});

test('savepoint, stop and cancel say what became of the job', async () => {
  expect((await changed('savepoint')).stdout).toBe('savepoint of job j2: mem:/savepoint-of-j2\n');
  expect((await changed('stop')).stdout).toBe(
    'job j2 has stopped; the next deployment begins with mem:/savepoint-of-j2\n',
  );
  expect(jsonOf(await changed('deploy', '--json'))).toMatchObject({
    outcome: 'started',
    savepoint: 'mem:/savepoint-of-j2',
  });
  expect((await changed('cancel')).stdout).toBe('job j3 is cancelled\n');
  const { code, stderr } = await changed('savepoint');
  expect(code).toBe(1);
  expect(stderr).toContain('error MR_FLINK_DEPLOYMENT: no job millrace-shop-fleet runs');
});

test('a comparison without its cluster, or of what is not there, says so', async () => {
  const parity = (...args: readonly string[]): Promise<CliResult> =>
    cli.run(folder.path, 'flink', 'parity', ...args);
  const away = await parity('--env', 'away');
  expect(away.stderr).toContain('MR_FLINK_UNREACHABLE: the JobManager at http://127.0.0.1:1');
  expect([away.code, away.stdout]).toEqual([3, '']);
  const usage = await parity('--env', 'away', '--parallelism', '1,many');
  expect(usage.stderr).toContain('--parallelism must be a whole number, not "many"');
  expect(usage.code).toBe(2);
});
