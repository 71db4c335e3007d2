// Tests against servers of others, which they install and start themselves, and those that take too long
// for `npm test`: `npm run test:services`.
import { defineConfig, mergeConfig } from 'vitest/config';
import base, { scaled, slow } from './vitest.config.ts';

/** Files to take in place of all, a line each. */
const only = process.env['MILLRACE_ONLY'] ?? '';
const all = ['test/integration/**/*.service.test.ts', ...scaled, ...slow];

const { projects: _all, ...test } = base.test ?? {};

export default mergeConfig(
  { ...base, test },
  defineConfig({
    test: {
      exclude: ['**/node_modules/**'],
      include: only === '' ? all : only.split('\n'),
      env: { MILLRACE_SERVICES: '1' },
    },
  }),
);
