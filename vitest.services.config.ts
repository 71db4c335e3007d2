// Tests against servers of others, which they install and start themselves: `npm run test:services`.
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

const { projects: _all, ...test } = base.test ?? {};

export default mergeConfig(
  { ...base, test },
  defineConfig({
    test: {
      exclude: ['**/node_modules/**'],
      include: ['test/integration/**/*.service.test.ts', 'test/parity/three-way.test.ts'],
      env: { MILLRACE_SERVICES: '1' },
    },
  }),
);
