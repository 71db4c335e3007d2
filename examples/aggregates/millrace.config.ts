// Trades from a file, on two worker threads: they import features.ts to find the aggregate in it.
import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';

export default defineConfig({
  project: 'market',
  paths: ['./features.ts'],
  environments: {
    local: {
      streams: { trades: file('./trades-*.jsonl') },
      online: embedded('./.millrace/online'),
      offline: featureLog('./.millrace/offline'),
      checkpoints: { directory: './.millrace/checkpoints', interval: '1s' },
      deadLetters: './.millrace/dead-letters',
      parallelism: 2,
    },
  },
});
