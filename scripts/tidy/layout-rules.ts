// Names and sizes: kebab-case, no folder for leftovers, files and folders that stay readable, and
// no folder of src/ that the layer table does not know.
import { layerOf } from '../layers.ts';
import { type Finding, type Tree, error, isFixture, isSource, isTest, note } from './tree.ts';

const codeFolders = ['src', 'test', 'scripts', 'examples', 'bench', 'bin', 'docs', 'console'];
const bannedFolders = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'shared']);
const kebabFolder = /^[a-z0-9]+([.-][a-z0-9]+)*$/;
const kebabFile = /^([a-z0-9]+([.-][a-z0-9]+)*(\.[a-z0-9]+)*|README\.md)$/;
const fileLinesNoted = 400;
const fileLinesMax = 600;
const folderFilesMax = 20;
/** Folders that hold one concept a file and may grow. */
const uniformFolders = new Set([
  'src/engine/operators',
  'src/plan/nodes',
  'src/cli/commands',
  'docs/adr',
]);

function ownPaths(tree: Tree): readonly string[] {
  return tree.paths.filter(
    (path) => codeFolders.includes(path.split('/')[0] ?? '') && !isFixture(path),
  );
}

/** File and folder names in kebab-case; no folder called util, helpers, common, misc or shared. */
export function checkNames(tree: Tree): Finding[] {
  return ownPaths(tree).flatMap((path) => {
    const folders = path.split('/');
    const file = folders.pop() ?? '';
    const findings = folders
      .filter((folder) => bannedFolders.has(folder))
      .map((folder) => error(path, `no folder "${folder}": name it for what it holds`));
    const oddFolder = folders.find((folder) => !kebabFolder.test(folder.replace(/^\./, '')));
    if (oddFolder !== undefined)
      findings.push(error(path, `folder "${oddFolder}" is not kebab-case`));
    if (!kebabFile.test(file.replace(/^\./, ''))) {
      findings.push(error(path, `file name "${file}" is not kebab-case`));
    }
    return findings;
  });
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Code files of at most 600 lines; above 400 a note. */
export function checkFileSizes(tree: Tree): Finding[] {
  const code = ownPaths(tree).filter((path) => /\.(ts|tsx|mjs|cjs)$/.test(path));
  return code.flatMap((path) => {
    const lines = lineCount(tree.read(path));
    if (lines > fileLinesMax) return [error(path, `${lines} lines, at most ${fileLinesMax}`)];
    return lines > fileLinesNoted ? [note(path, `${lines} lines: is it two files?`)] : [];
  });
}

/** Folders of at most 20 files, tests not counted, unless they are uniform. */
export function checkFolderSizes(tree: Tree): Finding[] {
  const counts = new Map<string, number>();
  for (const path of ownPaths(tree).filter((p) => !isTest(p))) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([folder, files]) => files > folderFilesMax && !uniformFolders.has(folder))
    .map(([folder, files]) => error(folder, `${files} files, at most ${folderFilesMax}`));
}

/** Every folder of src/ has a row in the layer table; at the top only public entries lie. */
export function checkKnownLayers(tree: Tree): Finding[] {
  return tree.paths
    .filter(isSource)
    .filter((path) => path !== 'src/index.ts' && layerOf(path.slice('src/'.length)) === undefined)
    .map((path) => error(path, 'belongs to no layer of scripts/layers.ts'));
}
