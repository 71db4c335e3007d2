import { describe, expect, it } from 'vitest';
import { layers } from '../../scripts/layers.ts';
import {
  checkCommands,
  checkLayerTable,
  checkLinks,
  checkQuotedExamples,
  checkRoleTable,
  checkScripts,
} from '../../scripts/tidy/doc-rules.ts';
import { checkErrorCodes } from '../../scripts/tidy/error-rules.ts';
import {
  checkFileSizes,
  checkFolderSizes,
  checkKnownLayers,
  checkNames,
} from '../../scripts/tidy/layout-rules.ts';
import { checkVersions } from '../../scripts/tidy/package-rules.ts';
import { checkFunctionSizes, checkHeaders, checkTime } from '../../scripts/tidy/source-rules.ts';
import { checkWords } from '../../scripts/tidy/text-rules.ts';
import { type Rule, treeOf } from '../../scripts/tidy/tree.ts';

type Files = Readonly<Record<string, string>>;

function errors(rule: Rule, files: Files): string[] {
  return rule(treeOf(files))
    .filter(({ level }) => level === 'error')
    .map(({ where, message }) => `${where}: ${message}`);
}

function functions(count: number, lines: number): string {
  const body = '  work();\n'.repeat(lines - 2);
  return Array.from({ length: count }, (_, n) => `function f${n}() {\n${body}}\n`).join('');
}

const longName = ['TO', 'DO'].join('');
const catalogue = 'src/kernel/errors/catalogue.ts';
const layerHeading = '# A\n\n## Layers\n';

/** Each rule with a tree that it accepts, one that it refuses, and what it says of that. */
const cases: ReadonlyArray<readonly [string, Rule, Files, Files, string]> = [
  [
    'a file name that is not kebab-case',
    checkNames,
    { 'src/plan/window-node.ts': '', 'docs/adr/0001-layers.md': '', 'test/types/a.test-d.ts': '' },
    { 'src/plan/windowNode.ts': '' },
    'windowNode.ts" is not kebab-case',
  ],
  [
    'a folder for leftovers',
    checkNames,
    { 'src/kernel/hash.ts': '' },
    { 'src/engine/util/hash.ts': '' },
    'no folder "util"',
  ],
  [
    'a file over 600 lines',
    checkFileSizes,
    { 'src/kernel/a.ts': 'a\n'.repeat(600) },
    { 'src/kernel/a.ts': 'a\n'.repeat(601) },
    '601 lines',
  ],
  [
    'a folder over 20 files, tests not counted',
    checkFolderSizes,
    Object.fromEntries([
      ...Array.from({ length: 20 }, (_, n) => [`src/kernel/f${n}.ts`, '']),
      ...Array.from({ length: 20 }, (_, n) => [`src/kernel/f${n}.test.ts`, '']),
    ]) as Files,
    Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`src/kernel/f${n}.ts`, ''])) as Files,
    '21 files',
  ],
  [
    'a folder that no layer knows',
    checkKnownLayers,
    { 'src/index.ts': '', 'src/kernel/a.ts': '', 'src/adapters/kafka/a.ts': '' },
    { 'src/stuff/a.ts': '' },
    'belongs to no layer',
  ],
  [
    'a module without an opening comment',
    checkHeaders,
    { 'src/kernel/a.ts': '// Keeps it.\nexport {};\n', 'src/index.ts': 'export {};' },
    { 'src/kernel/a.ts': 'export {};\n' },
    'opens without a comment',
  ],
  [
    'wall time outside the clock',
    checkTime,
    {
      'src/kernel/clock.ts': 'Date.now(); setTimeout(f, 1);',
      'src/adapters/kafka/a.ts': 'Math.random();',
      'src/engine/a.ts': '// Date.now()\nclock.setTimeout(f); new Date(ms);',
    },
    { 'src/engine/a.ts': '//\nsetTimeout(f, 1);' },
    'src/engine/a.ts:2: setTimeout is not allowed',
  ],
  [
    'the current date as a new Date',
    checkTime,
    { 'src/plan/a.ts': 'new Date(0)' },
    { 'src/plan/a.ts': 'new Date()' },
    'new Date() is not allowed',
  ],
  [
    'more than one function in ten over 40 lines',
    checkFunctionSizes,
    { 'src/kernel/a.ts': functions(18, 40), 'src/kernel/b.ts': functions(2, 41) },
    { 'src/kernel/a.ts': functions(18, 40), 'src/kernel/b.ts': functions(3, 41) },
    '85.7 %',
  ],
  [
    'an error code that is not explained',
    checkErrorCodes,
    { [catalogue]: '  MR_A: x,', 'src/plan/a.ts': "'MR_A'", 'docs/errors.md': '### MR_A\n' },
    { [catalogue]: '  MR_A: x,', 'src/plan/a.ts': "'MR_A'", 'docs/errors.md': '' },
    'MR_A: no entry',
  ],
  [
    'an error code that is never used',
    checkErrorCodes,
    {},
    { [catalogue]: '  MR_A: x,', 'src/plan/a.test.ts': "'MR_A'", 'docs/errors.md': '### MR_A\n' },
    'MR_A: never used',
  ],
  [
    'a note to oneself',
    checkWords,
    { 'README.md': 'All done.', 'test/fixtures/a.json': longName },
    { 'README.md': `${longName}: all.` },
    'README.md:1',
  ],
  [
    'a path of one machine',
    checkWords,
    { 'README.md': 'see docs/work/a and https://example.org/work/a' },
    { 'README.md': `see /${'work'}/a` },
    'a path of one machine',
  ],
  [
    'a version that is not pinned',
    checkVersions,
    { 'package.json': '{"dependencies": {"a": "1.2.3", "b": "npm:@c/d@1.0.0-r.1"}}' },
    { 'package.json': '{"devDependencies": {"a": "^1.2.3"}}' },
    'a@^1.2.3',
  ],
  [
    'a layer row that differs from the table',
    (tree) => checkLayerTable(tree).filter(({ message }) => message.includes('columns must')),
    { 'ARCHITECTURE.md': `${layerHeading}| 1 | \`columns\` | x | \`kernel\` |\n` },
    { 'ARCHITECTURE.md': `${layerHeading}| 1 | \`columns\` | x | \`kernel\`, \`plan\` |\n` },
    'layer row of columns',
  ],
  [
    'a role that points nowhere',
    checkRoleTable,
    { 'ARCHITECTURE.md': '\n## Where things are\n| a | `src/kernel` |\n', 'src/kernel/a.ts': '' },
    { 'ARCHITECTURE.md': '\n## Where things are\n| a | `src/kernel/b.ts` |\n' },
    'names src/kernel/b.ts',
  ],
  [
    'a source folder without a role',
    checkRoleTable,
    {},
    { 'ARCHITECTURE.md': '\n## Where things are\n', 'src/adapters/kafka/a.ts': '' },
    'says nothing of src/adapters/kafka',
  ],
  [
    'a dead link',
    checkLinks,
    { 'docs/a.md': '[b](../README.md#x) [c](https://x.org) [d](#here)', 'README.md': '' },
    { 'docs/a.md': '[b](b.md)' },
    'b.md does not exist',
  ],
  [
    'an npm script that does not exist',
    checkScripts,
    { 'README.md': '`npm run demo`', 'package.json': '{"scripts": {"demo": "x"}}' },
    { 'README.md': '```\nnpm run demos\n```\n', 'package.json': '{"scripts": {"demo": "x"}}' },
    '"demos"',
  ],
  [
    'a command that does not exist',
    checkCommands,
    {
      'README.md': '`npx millrace run` and `millrace dlq ls`; npm i millrace zod',
      'src/cli/commands/run.ts': '',
      'src/cli/commands/dlq-ls.ts': '',
    },
    { 'README.md': '```sh\n$ millrace walk\n```\n', 'src/cli/commands/run.ts': '' },
    '"walk"',
  ],
  [
    'quoted code that the example does not have',
    checkQuotedExamples,
    { 'README.md': '```ts file=examples/a.ts\nrun();\n```\n', 'examples/a.ts': '//\n  run();\n' },
    { 'README.md': '```ts file=examples/a.ts\nrun();\n```\n', 'examples/a.ts': 'walk();\n' },
    'quoted from examples/a.ts',
  ],
];

describe('tidy refuses', () => {
  it.each(cases)('%s', (...[, rule, accepted, refused, message]) => {
    expect(errors(rule, accepted)).toEqual([]);
    expect(errors(rule, refused).join('\n')).toContain(message);
  });
});

it('a folder lies below everything that it may import', () => {
  const levels = new Map(layers.map(({ folder, level }) => [folder, level]));
  const upward = layers.flatMap((layer) =>
    (layer.mayImport === 'below' ? [] : layer.mayImport).filter(
      (folder) => (levels.get(folder) ?? -1) > layer.level,
    ),
  );
  expect(upward).toEqual([]);
});
