// Verdicts on changed schemas against those of Avro's own Java implementation.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.ts';
import { CliHost, temporaryFolder } from '../../cli/run-cli.ts';
import { type SchemaPair, schemaPair } from '../../schemas/schema-pairs.ts';
import { howToRun, mavenLibraries, noJava, withServices } from '../service.ts';

const program = fileURLToPath(new URL('java/judge-schemas.java', import.meta.url));

/** Java's word on pairs of (reader, writer). */
async function askJava(pairs: readonly (readonly [object, object])[]): Promise<readonly string[]> {
  const libraries = await mavenLibraries('avro-1.12.1', [
    'org.apache.avro:avro:1.12.1',
    'org.slf4j:slf4j-nop:2.0.17',
  ]);
  const heap = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile('java', [...heap, '-cp', libraries, program], (error, stdout, stderr) => {
    if ((error as { code?: unknown } | null)?.code === 'ENOENT') reject(noJava('java'));
    else if (error !== null) reject(new Error(stderr, { cause: error }));
    else resolve(stdout);
  });
  const lines = pairs.flatMap((pair) => pair.map((schema) => `${JSON.stringify(schema)}\n`));
  child.stdin?.end(lines.join(''));
  return (await promise).trim().split('\n');
}

describe.skipIf(!withServices)(`Avro's SchemaCompatibility (${howToRun})`, () => {
  let cli: CliHost;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    cli = new CliHost();
    folder = temporaryFolder();
  });
  afterAll(() => {
    cli.stop();
    folder.remove();
  });

  /** What `schema check` says of a level: Java's words. */
  async function check({ before, after }: SchemaPair, level: string): Promise<string> {
    writeFileSync(join(folder.path, 'before.avsc'), JSON.stringify(before));
    writeFileSync(join(folder.path, 'after.avsc'), JSON.stringify(after));
    const files = ['after.avsc', '--against', 'before.avsc'];
    const args = ['schema', 'check', ...files, '--level', level, '--json'];
    const { code, stdout } = await cli.run(folder.path, ...args);
    const json = JSON.parse(stdout) as { ok?: boolean; error?: { code: string } };
    if (json.error !== undefined)
      return json.error.code === 'MR_SCHEMA_INVALID' ? 'INVALID' : stdout;
    expect(code).toBe(json.ok === true ? 0 : 1);
    return json.ok === true ? 'COMPATIBLE' : 'INCOMPATIBLE';
  }

  test('says of 300 pairs what schema check says', { timeout: 300_000 }, async () => {
    const random = seededRandom(20_261_121);
    const pairs = Array.from({ length: 300 }, () => schemaPair(random));
    const backward = await askJava(pairs.map(({ before, after }) => [after, before]));
    const forward = await askJava(pairs.map(({ before, after }) => [before, after]));
    const counts: Record<string, number> = {};
    for (const [i, pair] of pairs.entries()) {
      const java = [backward[i], forward[i]];
      const ours = [await check(pair, 'BACKWARD'), await check(pair, 'FORWARD')];
      expect(ours, JSON.stringify(pair, null, 1)).toEqual(java);
      for (const word of java) counts[word as string] = (counts[word as string] ?? 0) + 1;
    }
    // Both verdicts, and schemas that are none, are well represented.
    expect(counts['COMPATIBLE']).toBeGreaterThan(100);
    expect(counts['INCOMPATIBLE']).toBeGreaterThan(100);
    expect(counts['INVALID']).toBeGreaterThan(5);
  });
});
