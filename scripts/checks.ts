// The list of checks that keep the tree in order, in the order in which they run. `npm run check`
// runs them all; the tests run each as a test of its own.
import { spawn } from 'node:child_process';

export interface Check {
  readonly name: string;
  /** What it looks at, for the one line that it gets. */
  readonly covers: string;
  /** A script or the JavaScript of a package's command, with its arguments. */
  readonly command: readonly string[];
  /** The same command, writing what it would compare; only for checks of a committed report. */
  readonly write?: readonly string[];
}

export interface CheckResult {
  readonly check: Check;
  readonly green: boolean;
  readonly output: string;
  readonly elapsedMs: number;
}

export const checks: readonly Check[] = [
  {
    name: 'format',
    covers: 'formatting of every source',
    command: [
      'node_modules/@biomejs/biome/bin/biome',
      'ci',
      '--colors=off',
      '--linter-enabled=false',
      '.',
    ],
  },
  {
    name: 'lint',
    covers: 'sizes, promises, exhaustive switches, cycles, default exports',
    command: [
      'node_modules/oxlint/bin/oxlint',
      '--type-aware',
      '--deny-warnings',
      '--disable-nested-config',
      '-f',
      'unix',
      '.',
    ],
  },
  {
    name: 'types',
    covers: 'sources, tests and type tests with the native compiler',
    command: ['node_modules/@typescript/native/bin/tsc', '-b', '--pretty', 'false'],
  },
  {
    name: 'imports',
    covers: 'layers, cycles, packages by folder',
    command: ['scripts/import-rules.ts'],
  },
  {
    name: 'tidy',
    covers: 'names, sizes, error codes, time, documents, versions',
    command: ['scripts/tidy.ts'],
  },
  {
    name: 'api',
    covers: 'the committed report of the public API',
    command: ['scripts/api-report.ts', '--check'],
    write: ['scripts/api-report.ts'],
  },
  {
    name: 'graph',
    covers: 'the committed import graph, no arrow upward',
    command: ['scripts/import-graph.ts', '--check'],
    write: ['scripts/import-graph.ts'],
  },
  {
    name: 'unused',
    covers: 'unused files, exports and packages',
    command: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
  },
];

/** Runs a command of a check with this Node in `root` and collects all that it prints. */
export async function runCheck(
  check: Check,
  { root = '.', command = check.command }: { root?: string; command?: readonly string[] } = {},
): Promise<CheckResult> {
  const start = performance.now();
  const child = spawn(process.execPath, [...command], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { check, green: code === 0, output, elapsedMs: performance.now() - start };
}
