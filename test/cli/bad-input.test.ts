// What people get wrong: each case ends with the right exit code, says what to do, shows no stack
// trace, and loses nothing.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CliHost,
  type CliResult,
  jsonOf,
  readLines,
  runCli,
  temporaryFolder,
  writeFiles,
} from './run-cli.ts';

interface Summary {
  readonly records_in: number;
  readonly late_records: number;
  readonly dead_letters: number;
  readonly views: Readonly<Record<string, { readonly entities: number }>>;
}

const header = `import { count, entity, featureView, rolling, stream, sum, t, tumbling } from 'millrace';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
`;

const rollingView = `export const userSpend = featureView('user_spend', {
  entity: user, from: purchases,
  features: (p) => ({ spend_1h: sum(p.amount).over(rolling('1h')) }),
});`;

const config = `import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import * as shop from './features/shop.js';
export default defineConfig({ project: 'shop', definitions: [shop], environments: { local: {
  streams: { purchases: file('./data/purchases.jsonl') },
  online: embedded('./.millrace/online'), offline: featureLog('./.millrace/offline'),
} } });`;

const startMs = Date.UTC(2026, 0, 5);
const record = (ms: number, more = ''): string =>
  `{"user_id":"u1","amount":1,"ts":${startMs + ms}${more}}`;

const host = new CliHost();
afterAll(() => host.stop());

let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function project(view: string, lines: readonly string[] | null, settings = config): void {
  writeFiles(folder.path, {
    'features/shop.js': header + view,
    'millrace.config.ts': settings,
    ...(lines === null ? {} : { 'data/purchases.jsonl': lines.map((l) => `${l}\n`).join('') }),
  });
}

function expectNoStack(result: CliResult): void {
  expect(result.stderr).not.toMatch(/^\s+at .+:\d+/m);
}

async function expectError(code: string, ...args: readonly string[]): Promise<CliResult> {
  const result = await host.run(folder.path, ...args);
  expectNoStack(result);
  expect(result.stderr).toContain(code);
  expect(result.stderr).toContain('fix:');
  return result;
}

async function runJson(): Promise<Summary> {
  const result = await host.run(folder.path, 'run', '--until-end', '--json');
  expectNoStack(result);
  expect(result.code, result.stderr).toBe(0);
  return jsonOf<Summary>(result);
}

function deadLetters(): readonly { dlq_metadata: { error_code: string } }[] {
  const path = join(folder.path, '.millrace/dead-letters/purchases.dlq.jsonl');
  return readLines(path).map((line) => JSON.parse(line) as ReturnType<typeof deadLetters>[0]);
}

describe('bad data', () => {
  it('puts malformed lines with the dead letters and computes the rest', async () => {
    const bad = ['{"user_id":', 'nonsense', '{"user_id":"u1","amount":"x","ts":1}', '{"ts":5}'];
    project(rollingView, [record(0), ...bad, record(1000)]);
    expect(await runJson()).toMatchObject({ records_in: 6, dead_letters: 4, late_records: 0 });
    const originals = deadLetters() as unknown as { original_event_string: string }[];
    expect(originals.map((letter) => letter.original_event_string)).toEqual(bad);
    const read = await host.run(folder.path, 'get', 'user_spend', 'user_id=u1', '--json');
    expect(jsonOf(read)).toMatchObject({ features: { spend_1h: { value: 2 } } });
  });

  it('takes an empty file for what it is', async () => {
    project(rollingView, []);
    expect(await runJson()).toMatchObject({ records_in: 0, dead_letters: 0 });
    const read = await host.run(folder.path, 'get', 'user_spend', 'user_id=u1', '--json');
    expect(read.code).toBe(0);
    expect(jsonOf(read)).toMatchObject({ features: { spend_1h: { status: 'NOT_FOUND' } } });
  });

  it('counts and keeps records that are all late but the first', async () => {
    const view = rollingView.replace("rolling('1h')", "tumbling('5m')");
    project(view, [record(3_600_000), record(0), record(1000), record(2000)]);
    expect(await runJson()).toMatchObject({ records_in: 4, late_records: 3, dead_letters: 0 });
    const late = readLines(join(folder.path, '.millrace/dead-letters/user_spend.late.jsonl'));
    expect(late).toHaveLength(3);
  });

  it('makes dead letters of records from the far future, which hold nothing up', async () => {
    const year = 365 * 86_400_000;
    project(rollingView, [record(0), record(10 * year), record(1000)]);
    expect(await runJson()).toMatchObject({ records_in: 3, dead_letters: 1, late_records: 0 });
    expect(deadLetters()[0]?.dlq_metadata.error_code).toBe('MR_DATA_TOO_FAR_AHEAD');
  });

  it('names a file that is not there', async () => {
    project(rollingView, null);
    const result = await expectError('MR_FILE_NOT_FOUND', 'run', '--until-end');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('purchases.jsonl');
  });
});

describe('bad definitions', () => {
  it.each([
    ['an unknown field', rollingView.replace('p.amount', 'p.amout'), /amout.*"?amount"?/s],
    [
      'two features of one name',
      rollingView.replace('\n});', '\n  derive: (f) => ({ spend_1h: f.spend_1h.plus(1) }),\n});'),
      /spend_1h/,
    ],
    [
      'a window longer than the ttl',
      rollingView.replace('from: purchases,', "from: purchases, ttl: '10m',"),
      /ttl/,
    ],
    ['a bad duration', rollingView.replace("'1h'", "'1 hour'"), /1 hour/],
    ['no window', rollingView.replace(".over(rolling('1h'))", ''), /window/],
  ])('reports %s with its place and what to do', async (_, view, says) => {
    project(view, [record(0)]);
    const check = await host.run(folder.path, 'check');
    expectNoStack(check);
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(says);
    expect(check.stdout).toContain('where: user_spend');
    const run = await host.run(folder.path, 'run', '--until-end');
    expect(run.code).toBe(1);
    expectNoStack(run);
    expect(existsSync(join(folder.path, '.millrace'))).toBe(false);
  });

  it('reports every problem at once', async () => {
    const view = `export const a = featureView('a', { entity: user, from: purchases, ttl: 'soon',
      features: (p) => ({ x: sum(p.amout).over(rolling('1h')), y: count().over(rolling('0s')) }) });`;
    project(view, [record(0)], config.replace('purchases: file', 'purchase: file'));
    const check = await host.run(folder.path, 'check', '--json');
    const { problems } = jsonOf<{ problems: { code: string; path: string }[] }>(check);
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['environments.local.streams', 'a.ttl']),
    );
  });
});

describe('bad configuration', () => {
  it('suggests the environment that was meant', async () => {
    project(rollingView, [record(0)]);
    const result = await expectError('MR_CONFIG_UNKNOWN_ENV', 'run', '--env', 'locale');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('did you mean "local"?');
  });

  it('names the file of a syntax error, and of an import that is not there', async () => {
    project(`${rollingView}\nexport const = 1;`, [record(0)]);
    const syntax = await host.run(folder.path, 'check');
    expect(syntax.code).toBe(1);
    expect(syntax.stderr).toContain('shop.js');
    expectNoStack(syntax);
    folder.remove();
    folder = temporaryFolder();
    project(rollingView, [record(0)], config.replace('./features/shop.js', './features/shp.js'));
    const missing = await expectError('MR_CONFIG_INVALID', 'check');
    expect(missing.stderr).toContain('shp.js');
  });

  it('refuses a store that cannot be made, before anything is read', async () => {
    project(rollingView, [record(0)], config.replace('./.millrace/online', './data/x.txt/online'));
    writeFiles(folder.path, { 'data/x.txt': 'a file, not a folder' });
    const result = await expectError('MR_STORE_OPEN', 'run', '--until-end');
    expect(result.code).toBeGreaterThan(0);
    expect(result.code).toBeLessThan(70);
  });

  it('says what to do when nothing was computed yet', async () => {
    project(rollingView, [record(0)]);
    const result = await expectError('MR_STORE_OPEN', 'get', 'user_spend', 'user_id=u1');
    expect(result.code).toBeLessThan(70);
    expect(result.stderr).toContain('millrace run');
  });

  it('refuses what another definition wrote, and says how to go on', async () => {
    project(rollingView, [record(0)]);
    await runJson();
    project(rollingView.replace("'1h'", "'2h'"), [record(0)]);
    const result = await runCli(folder.path, 'run', '--until-end');
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/MR_STORE_SCHEMA.*fix: run with --fresh-state/s);
    expectNoStack(result);
  });
});

describe('bad usage', () => {
  it.each([
    [['rn'], 2, 'run'],
    [['run', '--until-ends'], 2, '--until-end'],
    [['export', 'user_spend'], 2, '--out'],
    [['serve', '--port', 'x'], 2, '--port'],
    [[], 2, 'millrace --help'],
    [['get', 'user_spnd', 'user_id=u1'], 1, 'user_spend'],
    [['get', 'user_spend', 'userid=u1'], 1, 'user_id'],
    [['check', '--config', 'nothing.ts'], 1, 'millrace init'],
  ])('%j exits with %i and hints at %s', async (args, code, hint) => {
    project(rollingView, [record(0)]);
    const result = await host.run(folder.path, ...args);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(hint);
    expectNoStack(result);
    const machine = await host.run(folder.path, ...args, '--json');
    expect(jsonOf<{ error: { code: string } }>(machine).error.code).toMatch(/^MR_/);
  });
});
