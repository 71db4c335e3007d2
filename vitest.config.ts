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

const conditions = ['millrace-src', 'module', 'node', 'import', 'default'];
const required = ['millrace-src', 'module', 'node'];

export default defineConfig({
  resolve: { conditions },
  // Without `import`: packages that require others are given what is to be required.
  ssr: { resolve: { conditions: required, externalConditions: required } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--conditions=millrace-src'],
    env: { NODE_COMPILE_CACHE: compileCache, ...temporaryFolder() },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test of timing may fail on a busy machine: it is run once more, and named at the end if it
    // passes then. Random cases have the same seed again; tests that kill have no second chance.
    retry: 1,
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
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
