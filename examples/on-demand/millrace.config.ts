// Purchases come by request; features lie in a store on disk.
import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { push } from 'millrace/push';
import * as shop from './features.ts';

export default defineConfig({
  project: 'checkout',
  definitions: [shop],
  environments: {
    local: {
      streams: { purchases: push({ directory: './.millrace/push' }) },
      online: embedded('./.millrace/online'),
      checkpoints: { directory: './.millrace/checkpoints', interval: '1s' },
    },
  },
});
