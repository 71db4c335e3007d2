// Versions: every package.json pins what it depends on, and the compiler is the one meant.
import { spawnSync } from 'node:child_process';
import { type Finding, type Tree, error } from './tree.ts';

const exact = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
const local = /^(file:|workspace:)/;
const groups = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

type Manifest = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** Exact versions only, in the package and in its workspaces. */
export function checkVersions(tree: Tree): Finding[] {
  const manifests = tree.paths.filter((path) => /^((tools|console)\/.*)?package\.json$/.test(path));
  return manifests.flatMap((path) => {
    const manifest = JSON.parse(tree.read(path)) as Manifest;
    return groups
      .flatMap((group) => Object.entries(manifest[group] ?? {}))
      .filter(([, version]) => !exact.test(version) && !local.test(version))
      .map(([name, version]) => error(path, `${name}@${version}: pin the exact version`));
  });
}

/** `tsc` is version 7: the tools' JavaScript API is an older one and must not be what builds. */
export function checkCompiler(): Finding[] {
  const tsc = 'node_modules/@typescript/native/bin/tsc';
  const { stdout } = spawnSync(process.execPath, [tsc, '-v'], { encoding: 'utf8' });
  const answer = (stdout ?? '').trim();
  if (answer.startsWith('Version 7')) return [];
  return [error('package.json', `tsc -v answers "${answer}", not "Version 7…"`)];
}
