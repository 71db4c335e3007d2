// `millrace check --target flink` and `millrace flink sql`, as a user runs them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliHost, type CliResult, jsonOf, temporaryFolder, writeFiles } from './run-cli.ts';

let cli: CliHost;
let folder: ReturnType<typeof temporaryFolder>;

const definitions = `
import { count, entity, featureView, lastN, lifetime, quantile, rolling, stream, sum, t, tumbling } from 'millrace';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
export const spend = featureView('spend', {
  entity: user,
  from: purchases.where((p) => p.amount.gt(0)),
  features: (p) => ({ spend_1h: sum(p.amount).over(rolling('1h')), n_5m: count().over(tumbling('5m')) }),
});
export const odd = featureView('odd', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({
    p95: quantile(p.amount, 0.95).over(rolling('1h')),
    newest: lastN(p.amount, 3).over(lifetime()),
  }),
});
`;
const config = `
import { defineConfig } from 'millrace';
import { file } from 'millrace/file';
import { kafka } from 'millrace/kafka';
import { flink } from 'millrace/flink';
import { embedded } from 'millrace/embedded';
import * as definitions from './definitions.ts';
const brokers = ['localhost:9092'];
const topic = kafka({
  brokers,
  topic: 'raw.purchases',
  formatOptions: { timestamp: 'iso' },
  sasl: { mechanism: 'PLAIN', username: 'u', password: 'secret-word' },
});
const engine = flink({ gateway: 'http://localhost:8083', jobManager: 'http://localhost:8081' });
export default defineConfig({
  project: 'shop',
  definitions: [definitions],
  environments: {
    local: { streams: { purchases: file('./*.jsonl') } },
    fleet: {
      engine,
      streams: { purchases: topic },
      online: embedded('./online'),
      outputs: { spend: kafka({ brokers, topic: 'features.spend', delivery: 'exactly-once' }) },
      checkpoints: { directory: './checkpoints', interval: '30s' },
    },
  },
});
`;

beforeAll(() => {
  cli = new CliHost();
  folder = temporaryFolder();
  writeFiles(folder.path, { 'definitions.ts': definitions, 'millrace.config.ts': config });
});
afterAll(() => {
  cli.stop();
  folder.remove();
});

const run = (...args: readonly string[]): Promise<CliResult> => cli.run(folder.path, ...args);

test('check says what Flink refuses, with place, reason and alternative', async () => {
  const { code, stdout } = await run('check', '--target', 'flink');
  expect(code).toBe(1);
  expect(stdout).toContain('error MR_FLINK_REFUSED: Flink has no aggregate that keeps the last');
  expect(stdout).toContain('where: odd.features.newest');
  expect(stdout).toContain('fix: use last(x), or keep the view on the engine');
  expect(stdout).toContain(
    'warning MR_FLINK_DIFFERENCE: Flink gives rows out at the watermark, 5s',
  );
  expect(stdout).toContain('error MR_FLINK_BINDING: Flink cannot read file ./*.jsonl');
  expect((await run('check')).code).toBe(0);
});

test('sql prints a whole script, bound to the environment, without passwords', async () => {
  const { code, stdout } = await run('flink', 'sql', '--env', 'fleet', '--view', 'spend');
  expect(code).toBe(0);
  expect(stdout).toContain('CREATE TEMPORARY VIEW `spend__rolling_1h` AS');
  expect(stdout).toContain("'sink.delivery-guarantee' = 'exactly-once'");
  expect(stdout).toContain("'properties.transaction.timeout.ms' = '690000'");
  expect(stdout).toContain("'topic' = 'millrace.shop.fleet.spend.tumbling_5m'");
  expect(stdout).toContain("'json.timestamp-format.standard' = 'ISO-8601'");
  expect(stdout).toContain("'properties.security.protocol' = 'SASL_PLAINTEXT'");
  expect(stdout).not.toContain('secret-word');
  const { stdout: older } = await run(
    ...['flink', 'sql', '--env', 'fleet', '--view', 'spend', '--flink-version', '1.20'],
  );
  expect(older).toContain('FROM TABLE(TUMBLE(');
});

test('sql as JSON has statements with what they came from', async () => {
  const args = ['flink', 'sql', '--env', 'fleet', '--view', 'spend', '--json'];
  const program = jsonOf<{
    statements: { kind: string; name: string; origin: string }[];
    inserts: { name: string }[];
  }>(await run(...args));
  expect(program.statements).toContainEqual(
    expect.objectContaining({ kind: 'view', name: 'spend__rolling_1h', origin: 'view:spend' }),
  );
  expect(program.inserts.map(({ name }) => name)).toEqual([
    'spend__rolling_1h__online',
    'spend__tumbling_5m__online',
    'spend__output',
  ]);
});

test('sql of what Flink cannot compute is refused, not printed', async () => {
  const { code, stdout, stderr } = await run('flink', 'sql', '--env', 'fleet', '--view', 'odd');
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('MR_FLINK_REFUSED');
  const unknown = await run('flink', 'sql', '--env', 'fleet', '--view', 'spent');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('spend');
});

test('in the environment of a cluster the engine computes what Flink cannot, and check says so', async () => {
  const { code, stdout } = await run('check', '--env', 'fleet');
  expect(code).toBe(0);
  expect(stdout).toContain(
    'warning MR_FLINK_PLACEMENT: it is computed on the engine, by millrace run',
  );
  expect(stdout).toContain('where: odd');
  expect(stdout).toMatch(/spend on Flink \(Flink computes all of it\): stream purchases/);
  expect(stdout).toMatch(
    /odd on the engine \(Flink cannot compute odd\.features\.\w+: .*\): stream/,
  );
  const sql = await run('flink', 'sql', '--env', 'fleet');
  expect(sql.stdout).toContain('-- odd is computed on the engine: Flink cannot compute');
  expect(sql.stdout).not.toContain('`odd__');
  const strict = await run('check', '--env', 'fleet', '--target', 'flink');
  expect(strict.code).toBe(1);
  expect(strict.stdout).toContain('error MR_FLINK_REFUSED');
});
