/**
 * Makes a fresh clone runnable from any Node >= 18: installs the dependencies if they are missing
 * or older than the lock file, then runs its arguments on a Node the project supports.
 *   node scripts/up.mjs file.ts …          a program
 *   node scripts/up.mjs --bin tsc -b …     a command of an installed package
 *   node scripts/up.mjs                    only the installation
 */
import { spawnSync } from 'node:child_process';
import { statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, nodeVersionMin, runAndExit } from '../bin/node24.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';

function modifiedMs(file) {
  return statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function installIfStale() {
  const record = 'node_modules/.package-lock.json';
  if (modifiedMs(record) > 0 && modifiedMs(record) >= modifiedMs('package-lock.json')) return;
  console.error('millrace: installing dependencies (once, about half a minute) …');
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: windows });
  if (status !== 0) process.exit(3);
  // npm leaves the record alone when nothing changed; without this it would look stale for ever.
  utimesSync(join(root, record), new Date(), new Date());
}

installIfStale();
const node = findNode(root);
const args = process.argv.slice(2);
if (node === undefined) {
  console.error(`millrace: needs Node >= ${nodeVersionMin}, and this is ${process.versions.node}`);
  process.exit(3);
} else if (args[0] === '--bin' && args.length > 1) {
  const bin = join(root, 'node_modules', '.bin', windows ? `${args[1]}.cmd` : args[1]);
  runAndExit(root, bin, args.slice(2), { shell: windows });
} else if (args.length > 0) {
  runAndExit(root, node, args);
}
