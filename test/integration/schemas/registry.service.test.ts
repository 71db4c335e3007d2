// The registry's client against a registry that others wrote: franz-go's, made for tests of clients.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRegistry } from '../../../src/adapters/schema-registry/open-registry.ts';
import { registeredFormat } from '../../../src/adapters/schema-registry/registered-format.ts';
import { avroLanguage } from '../../../src/formats/avro/avro-language.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { SchemaRegistry, SchemaText } from '../../../src/ports/schema-registry.ts';
import { CliHost, temporaryFolder, writeFiles } from '../../cli/run-cli.ts';
import { encode, field, record } from '../../schemas/avro-messages.ts';
import { goProgram, howToRun, type Service, startService, withServices } from '../service.ts';

const source = fileURLToPath(new URL('srfake', import.meta.url));
const user = { name: 'user', type: 'string' };
const note = { name: 'note', type: ['null', 'string'], default: null };

const avro = (fields: readonly unknown[]): SchemaText => ({
  type: 'AVRO',
  text: JSON.stringify(record(fields)),
  references: [],
});

describe.skipIf(!withServices)(`franz-go's srfake (${howToRun})`, () => {
  let service: Service;
  let guarded: Service;
  let registry: SchemaRegistry;
  const open = (given: unknown): SchemaRegistry =>
    openRegistry(given, { baseDirectory: '.', clock: systemClock });

  beforeAll(async () => {
    const program = await goProgram('srfake-1.8.0', source);
    service = await startService(program, (port) => [String(port)]);
    guarded = await startService(program, (port) => [String(port), 'secret']);
    registry = open(service.endpoint);
  }, 300_000);

  afterAll(async () => {
    await service?.stop();
    await guarded?.stop();
  });

  test('versions are registered once, found by id and as the newest', async () => {
    const subject = 'topic with/strange names-value';
    expect(await registry.latest(subject)).toBeNull();
    expect(await registry.versions(subject)).toEqual([]);
    const first = await registry.register(subject, avro([user]));
    expect(await registry.register(subject, avro([user]))).toBe(first);
    const second = await registry.register(subject, avro([user, note]));
    expect(second).not.toBe(first);
    expect(await registry.schemaOf(first)).toMatchObject({ type: 'AVRO' });
    expect(await registry.latest(subject)).toMatchObject({ id: second, subject, version: 2 });
    const versions = await registry.versions(subject);
    expect(versions.map(({ id, version }) => [id, version])).toEqual([
      [first, 1],
      [second, 2],
    ]);
    expect(await registry.schemaOf(9999)).toBeNull();
  });

  test('levels are set by subject', async () => {
    await registry.register('levels-value', avro([user]));
    await registry.setCompatibility('levels-value', 'FULL');
    expect(await registry.compatibility('levels-value')).toBe('FULL');
    expect(await registry.compatibility('others-value')).toBe('BACKWARD');
  });

  test('types of other subjects come with the schema that refers to them', async () => {
    const place = { type: 'record', name: 'Place', fields: [{ name: 'city', type: 'string' }] };
    const text = JSON.stringify(place);
    await registry.register('place', { type: 'AVRO', text, references: [] });
    const references = [{ name: 'Place', subject: 'place', version: 1 }];
    const schema = { ...avro([user, { name: 'at', type: 'Place' }]), references };
    const id = await registry.register('visits-value', schema);
    const found = await open(service.endpoint).schemaOf(id);
    expect(found?.referenced.map(({ name }) => name)).toEqual(['Place']);
    const { fields } = avroLanguage.parse(found as NonNullable<typeof found>);
    expect(fields.map(({ path }) => path)).toEqual(['user', 'at', 'at.city']);
  });

  test('who has no token is refused, who has it is not', async () => {
    await expect(open(guarded.endpoint).schemaOf(1)).rejects.toMatchObject({
      code: 'MR_REGISTRY_REFUSED',
    });
    await expect(open({ url: guarded.endpoint, token: 'wrong' }).schemaOf(1)).rejects.toMatchObject(
      {
        code: 'MR_REGISTRY_REFUSED',
      },
    );
    expect(await open({ url: guarded.endpoint, token: 'secret' }).schemaOf(1)).toBeNull();
  });

  test('messages are read by the ids that it gave', async () => {
    const schema = record([user, note]);
    const id = await registry.register('raw-value', avro([user, note]));
    const message = encode(schema, { user: 'u1', note: 'hi' });
    const bytes = new Uint8Array(message.length + 6);
    new DataView(bytes.buffer).setUint32(1, id);
    bytes.set(message, 5);
    const decoder = registeredFormat(avroLanguage).createMessageDecoder(
      { fields: [field('user', 'string'), field('note', 'string', true)] },
      { registry: service.endpoint, topic: 'raw' },
    );
    await decoder.open?.();
    const bounds = new Int32Array([0, bytes.length - 1]);
    const input = { bytes, bounds, offsets: new Float64Array(1), from: 0, count: 1 };
    await decoder.decode(input).waitFor;
    const { batch, errors } = decoder.decode(input);
    expect([batch.rowCount, errors]).toEqual([1, []]);
  });

  test('the command line registers, refuses and sets levels', { timeout: 60_000 }, async () => {
    const cli = new CliHost();
    const folder = temporaryFolder();
    writeFiles(folder.path, {
      'v1.avsc': avro([user]).text,
      'v2.avsc': avro([user, note]).text,
      'v3.avsc': avro([note]).text,
    });
    const where = ['--registry', service.endpoint];
    const run = (...args: readonly string[]) => cli.run(folder.path, 'schema', ...args, ...where);
    try {
      expect((await run('register', 'cli-value', 'v1.avsc')).code).toBe(0);
      expect((await run('register', 'cli-value', 'v2.avsc')).code).toBe(0);
      const { code, stderr } = await run('register', 'cli-value', 'v3.avsc');
      expect([code, stderr]).toEqual([1, expect.stringContaining('"user" is removed')]);
      expect((await run('set', 'FULL', 'cli-value')).code).toBe(0);
      expect(await registry.compatibility('cli-value')).toBe('FULL');
      expect(await registry.versions('cli-value')).toHaveLength(2);
    } finally {
      cli.stop();
      folder.remove();
    }
  });
});
