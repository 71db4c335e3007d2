import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { functionStatement } from '../../../flink/flink-function.ts';
import type { FlinkProgram } from '../../../flink/flink-program.ts';
import { defineConfig } from '../../../define/config.ts';
import { resolveProject } from '../../config/resolve-project.ts';
import { programWithJar } from './functions-jar.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-functions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'jars'));
writeFileSync(join(folder, 'jars', 'functions.jar'), 'one');

const program: FlinkProgram = {
  profile: '2.x',
  fingerprint: '',
  statements: [functionStatement('millrace_quantile')],
  inserts: [],
  refusals: [],
};

async function projectWith(directory?: string) {
  const environment = directory === undefined ? {} : { checkpoints: { directory } };
  const config = defineConfig({
    project: 'shop',
    definitions: [],
    environments: { fleet: { streams: {}, ...environment } },
  });
  return { ...(await resolveProject(config, { env: 'fleet' })), baseDirectory: folder };
}

const textOf = ({ statements }: FlinkProgram): string => statements[0]?.text ?? '';

it('a jar on this machine is put beside the deployments, and named by its bytes', async () => {
  const project = await projectWith('./state');
  const functionsJar = 'jars/functions.jar';
  const { program: found, putJar } = await programWithJar(project, { functionsJar }, program);
  await putJar();
  const uri = /USING JAR '(.*)'$/.exec(textOf(found))?.[1] ?? '';
  expect(uri).toMatch(
    /^file:\/.*\/state\/flink\/shop-fleet\/millrace-flink-udf-[0-9a-f]{12}\.jar$/,
  );
  expect(readFileSync(new URL(uri), 'utf8')).toBe('one');
  writeFileSync(join(folder, 'jars', 'other.jar'), 'two');
  const other = await programWithJar(project, { functionsJar: 'jars/other.jar' }, program);
  expect(textOf(other.program)).not.toBe(textOf(found));
});

it('the package is found where it is installed', async () => {
  const place = join(folder, 'node_modules', 'millrace-flink-udf');
  mkdirSync(place, { recursive: true });
  const exports = { './jar': './functions.jar' };
  writeFileSync(join(place, 'package.json'), JSON.stringify({ exports }));
  const project = await projectWith('./state');
  expect(textOf((await programWithJar(project, {}, program)).program)).not.toContain('JAR');
  writeFileSync(join(place, 'functions.jar'), 'three');
  expect(textOf((await programWithJar(project, {}, program)).program)).toContain('USING JAR');
  expect((await programWithJar(await projectWith(), {}, program)).program).toEqual(program);
});

it('an address is taken as it is, and a file that is not there is said', async () => {
  const project = await projectWith('./state');
  const functionsJar = 's3://jars/functions.jar';
  const { program: named } = await programWithJar(project, { functionsJar }, program);
  expect(textOf(named)).toMatch(/ USING JAR 's3:\/\/jars\/functions\.jar'$/);
  await expect(
    programWithJar(project, { functionsJar: 'nowhere.jar' }, program),
  ).rejects.toMatchObject({
    code: 'MR_FLINK_JAR',
    message: `flink(…): functionsJar ${join(folder, 'nowhere.jar')} is not there`,
    fix: expect.stringContaining('npm install millrace-flink-udf') as unknown,
  });
});

it('a program without functions needs none', async () => {
  const project = await projectWith('./state');
  const plain = { ...program, statements: [] };
  const options = { functionsJar: 'nowhere.jar' };
  expect((await programWithJar(project, options, plain)).program).toBe(plain);
});
