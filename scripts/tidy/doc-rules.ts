// Documents say what is there: the layer table and the role table of ARCHITECTURE.md, links, npm
// scripts, commands and quoted example code.
import { posix } from 'node:path';
import { allowedFolders, folderOf, layers } from '../layers.ts';
import { type Finding, type Tree, error, isSource, lineAt } from './tree.ts';

const architecture = 'ARCHITECTURE.md';

function documents(tree: Tree): readonly string[] {
  return tree.paths.filter((path) => /^([^/]+|docs\/.*)\.md$/.test(path));
}

function present(tree: Tree, path: string): boolean {
  const clean = path.replace(/\/$/, '');
  return tree.paths.some((known) => known === clean || known.startsWith(`${clean}/`));
}

/** The text of the section under a `##` heading, up to the next one. */
function section(text: string, heading: string): string {
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start === -1) return '';
  const end = text.indexOf('\n## ', start + 4);
  return text.slice(start, end === -1 ? undefined : end);
}

/** Quoted names (`like this`) in a piece of Markdown. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** The layer table names each layer with its level and exactly the folders it may import. */
export function checkLayerTable(tree: Tree): Finding[] {
  const rows = section(tree.read(architecture), 'Layers').matchAll(
    /^\| (\d) \| `([^`]+)` \|[^|]*\| ([^|]*) \|$/gm,
  );
  const written = new Map<string, string>();
  for (const [, level = '', folder = '', cell = ''] of rows) {
    const names = cell.trim() === 'everything below' ? ['below'] : quoted(cell);
    written.set(folder, `${level}: ${names.sort().join(', ')}`);
  }
  const wanted = layers.map((layer) => {
    const names = layer.mayImport === 'below' ? ['below'] : [...allowedFolders(layer)];
    return [layer.folder, `${layer.level}: ${names.sort().join(', ')}`] as const;
  });
  const wrong = wanted.filter(([folder, row]) => written.get(folder) !== row);
  const unknown = [...written.keys()].filter((folder) => !wanted.some(([name]) => name === folder));
  return [
    ...wrong.map(([folder, row]) =>
      error(architecture, `layer row of ${folder} must say "${row}", as scripts/layers.ts does`),
    ),
    ...unknown.map((folder) => error(architecture, `layer ${folder} is not in scripts/layers.ts`)),
  ];
}

/** The role table names only what exists, and every folder of src/. */
export function checkRoleTable(tree: Tree): Finding[] {
  const table = section(tree.read(architecture), 'Where things are');
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  const named = rows.flatMap((row) => quoted(row.split('|').slice(2).join('|')));
  const folders = new Set(
    tree.paths.filter(isSource).map((path) => `src/${folderOf(path.slice('src/'.length))}`),
  );
  const absent = named.filter((path) => !present(tree, path));
  const unnamed = [...folders].filter(
    (folder) => !named.some((path) => path === folder || path.startsWith(`${folder}/`)),
  );
  return [
    ...absent.map((path) => error(architecture, `names ${path}, which does not exist`)),
    ...unnamed.map((folder) => error(architecture, `says nothing of ${folder}`)),
  ];
}

/** Links between files lead somewhere. */
export function checkLinks(tree: Tree): Finding[] {
  return documents(tree).flatMap((path) => {
    const text = tree
      .read(path)
      .replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '));
    return [...text.matchAll(/\]\(([^)\s#]+)(#[^)\s]*)?\)/g)]
      .filter(([, target = '']) => !/^[a-z]+:/.test(target))
      .filter(([, target = '']) => !present(tree, posix.join(posix.dirname(path), target)))
      .map((match) => error(`${path}:${lineAt(text, match.index)}`, `${match[1]} does not exist`));
  });
}

/** What a reader would type: code spans and fenced blocks. */
function typedCode(text: string): string {
  const blocks = [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
  return [...blocks, ...quoted(text.replace(/^```[\s\S]*?^```/gm, ''))].join('\n');
}

/** npm scripts that documents name exist. */
export function checkScripts(tree: Tree): Finding[] {
  const manifest = JSON.parse(tree.read('package.json') || '{}') as { scripts?: object };
  const known = Object.keys(manifest.scripts ?? {});
  return documents(tree).flatMap((path) =>
    [...typedCode(tree.read(path)).matchAll(/\bnpm (?:run )?(test|(?<=run )[\w:-]+)/g)]
      .filter(([, script = '']) => !known.includes(script))
      .map(([, script]) => error(path, `names the npm script "${script}", which does not exist`)),
  );
}

/** `millrace` commands that README and docs/ tell the reader to type exist. */
export function checkCommands(tree: Tree): Finding[] {
  const folder = 'src/cli/commands/';
  const files = tree.paths.filter((path) => path.startsWith(folder) && isSource(path));
  // A command's file may lie in a folder with its like.
  const known = files.map((path) => path.replace(/^.*\/|\.ts$/g, ''));
  if (known.length === 0) return [];
  const typed = /(?:^|[$&|;] *|npx )millrace ([a-z][a-z-]*)/gm;
  return documents(tree)
    .filter((path) => path === 'README.md' || path.startsWith('docs/'))
    .filter((path) => !path.startsWith('docs/adr/'))
    .flatMap((path) =>
      [...typedCode(tree.read(path)).matchAll(typed)]
        .filter(([, name]) => !known.some((file) => file === name || file.startsWith(`${name}-`)))
        .map(([, name]) => error(path, `names the command "${name}", which does not exist`)),
    );
}

function trimmedLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
}

/** A block that opens with "```ts file=examples/x.ts" is found word for word in that file. */
export function checkQuotedExamples(tree: Tree): Finding[] {
  return documents(tree).flatMap((path) => {
    const text = tree.read(path);
    return [...text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```/gm)]
      .filter(([, file = '', code = '']) => {
        return !trimmedLines(tree.read(file)).includes(trimmedLines(code).trim());
      })
      .map((match) =>
        error(
          `${path}:${lineAt(text, match.index)}`,
          `the code quoted from ${match[1]} is not in it`,
        ),
      );
  });
}
