// `millrace schema` on a folder as the registry, as a user runs it.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CliHost, type CliResult, jsonOf, temporaryFolder, writeFiles } from './run-cli.ts';

let cli: CliHost;
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  cli = new CliHost();
});
afterAll(() => cli.stop());
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const run = (...args: readonly string[]): Promise<CliResult> =>
  cli.run(folder.path, 'schema', ...args);

function write(name: string, fields: readonly unknown[]): string {
  const text = JSON.stringify({ type: 'record', name: 'Purchase', fields });
  writeFileSync(join(folder.path, name), text);
  return name;
}

const user = { name: 'user', type: 'string' };
const amount = { name: 'amount', type: 'int' };
const note = { name: 'note', type: ['null', 'string'], default: null };
const subject = 'raw.purchases-value';

describe('check of two files', () => {
  test('an optional field more is allowed', async () => {
    const [v1, v2] = [write('v1.avsc', [user]), write('v2.avsc', [user, note])];
    const { code, stdout } = await run('check', v2, '--against', v1);
    expect(code).toBe(0);
    expect(stdout).toContain('ok by the evolution table');
    expect(stdout).toContain('allowed: "note" is added: nullable string, with a default');
  });

  test('another type is refused with the procedure, in text and as JSON', async () => {
    const v1 = write('v1.avsc', [user, amount]);
    const v2 = write('v2.avsc', [user, { ...amount, type: 'double' }]);
    const { code, stdout } = await run('check', v2, '--against', v1);
    expect(code).toBe(1);
    expect(stdout).toContain('refused: "amount" changes from int to double');
    expect(stdout).toContain('safely: keep the type. 1. add a field of the new type');
    expect(stdout).toContain('old readers, new records: cannot be read');
    const json = jsonOf<object>(await run('check', v2, '--against', v1, '--json'));
    expect(json).toMatchObject({
      ok: false,
      rule: 'TABLE',
      backward: { compatible: true },
      forward: { compatible: false, reasons: [{ path: 'amount' }] },
      evolution: { allowed: false, changes: [{ kind: 'type-changed', path: 'amount' }] },
    });
    const backward = await run('check', v2, '--against', v1, '--level', 'BACKWARD');
    expect(backward.code).toBe(0);
  });

  test.each([
    ['no schema', 'x.txt', 'has no ending of a schema', 2],
    ['broken', 'x.avsc', 'is not JSON', 1],
    ['missing', 'y.avsc', 'cannot be read', 1],
  ])('%s', async (_, file, message, exit) => {
    writeFileSync(join(folder.path, 'x.txt'), '');
    writeFileSync(join(folder.path, 'x.avsc'), '{"type":');
    const { code, stderr } = await run('check', file, '--against', write('v1.avsc', [user]));
    expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });

  test('a default that does not fit names its field', async () => {
    const wrong = write('v2.avsc', [user, { ...amount, default: 'none' }]);
    const { stderr } = await run('check', wrong, '--against', write('v1.avsc', [user]));
    expect(stderr).toContain('"amount" of the Avro schema has the default "none"');
  });
});

describe('a folder as the registry', () => {
  test('takes versions that are right, gives them ids, and refuses others', async () => {
    const first = await run('register', subject, write('a.avsc', [user, amount]), '--json');
    expect(jsonOf<object>(first)).toMatchObject({ subject, id: 1, ok: true });
    const again = await run('register', subject, 'a.avsc', '--json');
    expect(jsonOf<object>(again)).toMatchObject({ id: 1 });
    const second = await run('register', subject, write('b.avsc', [user, amount, note]), '--json');
    expect(jsonOf<object>(second)).toMatchObject({ id: 2 });
    const third = await run('register', subject, write('c.avsc', [user, note]));
    expect(third.code).toBe(1);
    expect(third.stderr).toContain('error MR_SCHEMA_REFUSED');
    expect(third.stderr).toContain('"amount" is removed');
    expect(third.stderr).toContain('start a new topic with the new schema');
    const registry = JSON.parse(
      readFileSync(join(folder.path, 'schemas/registry.json'), 'utf8'),
    ) as { schemas: unknown[] };
    expect(registry.schemas).toMatchObject([
      { id: 1, subject, version: 1, type: 'AVRO', file: `${subject}/v1.avsc` },
      { id: 2, subject, version: 2, type: 'AVRO', file: `${subject}/v2.avsc` },
    ]);
    const judged = await run('check', 'c.avsc', '--subject', subject, '--json');
    expect([judged.code, jsonOf<{ ok: boolean }>(judged).ok]).toEqual([1, false]);
  });

  test('sees a schema that was changed after it was registered', async () => {
    await run('register', subject, write('a.avsc', [user]));
    const path = join(folder.path, 'schemas', subject, 'v1.avsc');
    writeFileSync(path, readFileSync(path, 'utf8').replace('string', 'bytes'));
    const { code, stderr } = await run('check', 'a.avsc', '--subject', subject);
    expect(code).toBe(1);
    expect(stderr).toContain('was changed after it became schema 1');
  });

  test('sees two schemas with one id, as after a merge', async () => {
    await run('register', subject, write('a.avsc', [user]));
    const path = join(folder.path, 'schemas/registry.json');
    const json = JSON.parse(readFileSync(path, 'utf8')) as { schemas: { sha256: string }[] };
    json.schemas.push({ ...json.schemas[0], sha256: 'other' });
    writeFileSync(path, JSON.stringify(json));
    const { stderr } = await run('check', 'a.avsc', '--subject', subject);
    expect(stderr).toContain('gives the id 1 twice');
  });

  test('keeps levels; a transitive one looks at all versions', async () => {
    expect((await run('set', 'full', subject, '--json')).code).toBe(0);
    const text = readFileSync(join(folder.path, 'schemas/registry.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ compatibility: { [subject]: 'FULL' } });
    await run('register', subject, write('a.avsc', [user, { ...amount, type: 'string' }]));
    const level = ['--level', 'NONE'];
    await run('register', subject, write('b.avsc', [user, amount]), ...level);
    const next = write('c.avsc', [user, amount, note]);
    expect((await run('check', next, '--subject', subject)).code).toBe(0);
    await run('set', 'FULL_TRANSITIVE', subject);
    expect((await run('check', next, '--subject', subject)).code).toBe(1);
    const wrong = await run('set', 'ALL', subject);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('"ALL" is no level')]);
  });

  test('refuses a subject that leads out of the folder', async () => {
    mkdirSync(join(folder.path, 'schemas'));
    const { code, stderr } = await run('register', '../evil', write('a.avsc', [user]));
    expect(code).toBe(1);
    expect(stderr).toContain('MR_SCHEMA_SUBJECT');
  });
});

describe('a project whose stream has a registry', () => {
  const config = (amountType: string): Record<string, string> => ({
    'millrace.config.ts': `import { count, defineConfig, entity, featureView, rolling, stream, t } from 'millrace';
import { kafka } from 'millrace/kafka';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.${amountType}(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user, from: purchases, features: () => ({ n: count().over(rolling('1h')) }),
});
export default defineConfig({
  project: 'shop', definitions: [{ spend }],
  environments: { local: { streams: { purchases: kafka({
    brokers: ['localhost:9092'], topic: 'raw.purchases', format: 'avro', registry: './schemas',
  }) } } },
});`,
  });

  test('registers the schema of its stream, is checked against it, sets its level', async () => {
    writeFiles(folder.path, config('int64'));
    expect((await run('check')).stdout).toContain('has no schema yet');
    const registered = await run('register', subject, '--stream', 'purchases');
    expect(registered.stdout).toBe(`${subject}: schema 1 in folder ./schemas\n`);
    const text = readFileSync(join(folder.path, 'schemas', subject, 'v1.avsc'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      name: 'Purchases',
      fields: [{ name: 'user_id' }, { name: 'amount', type: 'long' }, { name: 'ts' }],
    });
    const fits = await run('check');
    expect([fits.code, fits.stdout]).toEqual([
      0,
      `ok: purchases reads ${subject}: version 1, schema 1\n`,
    ]);
    expect((await run('set', 'FULL', '--json')).stdout).toContain(subject);
    const other = temporaryFolder();
    try {
      writeFiles(other.path, config('int32'));
      cpSync(join(folder.path, 'schemas'), join(other.path, 'schemas'), { recursive: true });
      const wrong = await cli.run(other.path, 'schema', 'check', '--json');
      expect(wrong.code).toBe(1);
      expect(jsonOf<object>(wrong)).toMatchObject({
        ok: false,
        streams: [{ stream: 'purchases', ok: false, reasons: [{ path: 'amount' }] }],
      });
    } finally {
      other.remove();
    }
  });
});

test.each([
  [
    'proto',
    'syntax = "proto3"; message P { string user = 1; int64 amount = 2; }',
    'syntax = "proto3"; message P { string user = 1; double amount = 2; }',
    '"amount" changes from int64 to double',
  ],
  [
    'schema.json',
    '{"type":"object","properties":{"amount":{"type":"integer"}}}',
    '{"type":"object","properties":{"amount":{"type":"number"}}}',
    '"amount" changes from integer to number',
  ],
])('schemas in .%s are judged by the same table', async (ending, before, after, change) => {
  writeFileSync(join(folder.path, `v1.${ending}`), before);
  writeFileSync(join(folder.path, `v2.${ending}`), after);
  const { code, stdout } = await run('check', `v2.${ending}`, '--against', `v1.${ending}`);
  expect(code).toBe(1);
  expect(stdout).toContain(`refused: ${change}`);
});

test('a server that does not answer is an error of the environment', async () => {
  const where = ['--registry', 'http://127.0.0.1:9'];
  const { code, stderr } = await run('set', 'FULL', subject, ...where);
  expect(code).toBe(3);
  expect(stderr).toContain('MR_REGISTRY_UNAVAILABLE');
});
