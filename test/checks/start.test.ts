// How the package starts: from a clone, with or without a build, on an old Node or a new one.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-start-'));
  for (const path of ['bin', 'scripts/up.mjs']) cpSync(path, join(root, path), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type": "module"}');
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function node(...args: string[]): { code: number | null; out: string; err: string } {
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { code: run.status, out: run.stdout.trim(), err: run.stderr.trim() };
}

/** Makes the copy look installed, as of now. */
function pretendInstalled(): void {
  write('package-lock.json', '{}');
  utimesSync(join(root, 'package-lock.json'), 1, 1);
  write('node_modules/.package-lock.json', '{}');
}

describe('the command millrace', () => {
  it('says in one line that the build is missing, and ends 3', () => {
    expect(node('bin/millrace.mjs')).toEqual({
      code: 3,
      out: '',
      err: 'millrace: not built yet: run `npm run build` first',
    });
  });

  it('hands its arguments to the command line and ends as that says', () => {
    write(
      'dist/cli/main.js',
      'export async function main(argv) { console.log(argv.join(" ")); return 2; }',
    );
    expect(node('bin/millrace.mjs', 'get', 'view', '--json')).toEqual({
      code: 2,
      out: 'get view --json',
      err: '',
    });
  });
});

describe('scripts/up.mjs', () => {
  it('runs a file with its arguments and ends as it ends', () => {
    pretendInstalled();
    write(
      'program.ts',
      'const code: number = 7; console.log(process.argv[2]); process.exit(code);',
    );
    expect(node('scripts/up.mjs', 'program.ts', 'x')).toEqual({ code: 7, out: 'x', err: '' });
  });

  it.skipIf(process.platform === 'win32')('runs a command of an installed package', () => {
    pretendInstalled();
    write('node_modules/.bin/greet', '#!/bin/sh\necho "hello $1"\n');
    chmodSync(join(root, 'node_modules/.bin/greet'), 0o755);
    expect(node('scripts/up.mjs', '--bin', 'greet', 'you')).toMatchObject({
      code: 0,
      out: 'hello you',
    });
  });

  it.skipIf(process.platform === 'win32')('ends with the signal that ended its program', () => {
    pretendInstalled();
    write('program.mjs', 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 10_000);');
    expect(node('scripts/up.mjs', 'program.mjs').code).toBe(128 + 15);
  });
});
