// Tests run from the sources: `millrace` and its sub-paths resolve to src, here and in processes
// and workers that a test starts.
import { accessSync, constants, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Where a flush to a shared disk cannot make a test slow: a file system in memory, if it has room. */
const memoryFolder = '/dev/shm';
const memoryBytesLeast = 4 * 1024 ** 3;

/** Processes that tests start need not strip types anew: half of the start of the command line. */
const compileCache = fileURLToPath(
  new URL('node_modules/.cache/millrace-compile', import.meta.url),
);

/** The same random cases in every run; MILLRACE_SEED=random for others, a number to repeat a run. */
const asked = process.env['MILLRACE_SEED'] ?? '1';
const seed = asked === 'random' ? String(Date.now() % 1_000_000_007) : asked;

/** Replaces a module by another, which needs a registry of modules of its own. */
const withMocks = ['src/adapters/file/checkpoint/versioned-object.test.ts'];
/** Run with the services: five minutes are all that `npm test` may take. */
export const slow = [
  'test/checks/planted.test.ts',
  'test/cli/process.test.ts',
  'test/cli/standby.test.ts',
  'test/kill/log-compaction.test.ts',
  'test/kill/push/push-kills.test.ts',
  'test/parity/duckdb-flights.test.ts',
  'test/parity/three-way.test.ts',
];
/** Run once more with the services, and take more cases then. */
export const scaled = [
  'test/kill/kill.test.ts',
  'test/property/images-are-exact.test.ts',
  'test/property/parallel-equals-local.test.ts',
  'test/property/state-backend.test.ts',
  'test/property/upgrades-keep-values.test.ts',
  'test/sim/sim.test.ts',
];
const never = ['**/node_modules/**', '**/dist/**', '**/fixtures/**'];

const conditions = ['millrace-src', 'module', 'node', 'import', 'default'];
const required = ['millrace-src', 'module', 'node'];

export default defineConfig({
  resolve: {
    conditions,
    alias: [
      {
        find: /^fast-check$/,
        replacement: fileURLToPath(new URL('test/seeded-fast-check.ts', import.meta.url)),
      },
    ],
  },
  // Without `import`: packages that require others are given what is to be required.
  ssr: { resolve: { conditions: required, externalConditions: required } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--conditions=millrace-src'],
    env: { NODE_COMPILE_CACHE: compileCache, MILLRACE_SEED: seed, ...temporaryFolder() },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test of timing may fail on a busy machine: it is run once more, and named at the end if it
    // passes then. Random cases have the same seed again; tests that kill have no second chance.
    retry: 1,
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
    // Unit tests share processes and what those have loaded, which halves their time.
    projects: [
      {
        extends: true,
        test: {
          name: 'src',
          include: ['src/**/*.test.ts'],
          exclude: [...never, ...withMocks],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'test',
          include: ['test/**/*.test.ts', ...withMocks],
          exclude: [...never, ...slow],
        },
      },
    ],
  },
});

function temporaryFolder(): Record<string, string> {
  if (process.env['TMPDIR'] !== undefined) return {};
  try {
    accessSync(memoryFolder, constants.W_OK);
    const { bavail, bsize } = statfsSync(memoryFolder);
    return bavail * bsize < memoryBytesLeast ? {} : { TMPDIR: memoryFolder };
  } catch {
    return {};
  }
}
