// Tests against servers of others, which they install and start themselves: `npm run test:services`.
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({
    test: {
      include: ['test/integration/**/*.service.test.ts', 'test/parity/three-way.test.ts'],
      env: { MILLRACE_SERVICES: '1' },
    },
  }),
);
