// Tests against servers of others, which they install and start themselves, and those that take too long
// for `npm test`: `npm run test:services`.
import { defineConfig, mergeConfig } from 'vitest/config';
import base, { slow } from './vitest.config.ts';

const { projects: _all, ...test } = base.test ?? {};

export default mergeConfig(
  { ...base, test },
  defineConfig({
    test: {
      exclude: ['**/node_modules/**'],
      include: ['test/integration/**/*.service.test.ts', 'test/parity/three-way.test.ts', ...slow],
      env: { MILLRACE_SERVICES: '1' },
    },
  }),
);
