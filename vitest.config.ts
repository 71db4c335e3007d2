// Tests run from the sources: `millrace` and its sub-paths resolve to src, here and in processes
// and workers that a test starts.
import { defineConfig } from 'vitest/config';

const conditions = ['millrace-src', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--conditions=millrace-src'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
  },
});
