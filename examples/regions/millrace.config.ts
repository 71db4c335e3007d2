// One centre that the job writes to, and three regions that read copies of it. Addresses come from the
// demo, which starts the servers; each region reaches the centre by an address of its own.
import { join } from 'node:path';
import { defineConfig } from 'millrace';
import { file } from 'millrace/file';
import { postgres } from 'millrace/postgres';
import { redis } from 'millrace/redis';
import { regional } from 'millrace/regions';
import * as features from './features.ts';

const address = (name: string): string => process.env[`REGIONS_${name.toUpperCase()}`] ?? '';
const folder = process.env['REGIONS_FOLDER'] ?? '../../.millrace/regions';
const streams = { payments: file(join(folder, 'payments.jsonl'), { speed: 1 }) };

const region = (name: string) => ({
  streams,
  clock: 'wall' as const,
  deadLetters: join(folder, 'dead-letters'),
  online: regional({
    local: redis(address(name) || 'redis://localhost:6379'),
    central: postgres(address(`${name}_centre`) || 'postgres://postgres@localhost:5432/postgres', {
      readTimeout: '500ms',
    }),
    freshFor: '2500ms',
    deadline: '100ms',
  }),
});

export default defineConfig({
  project: 'regions',
  definitions: [features],
  environments: {
    centre: {
      streams,
      clock: 'wall',
      deadLetters: join(folder, 'dead-letters'),
      state: { directory: join(folder, 'state') },
      online: postgres(address('centre') || 'postgres://postgres@localhost:5432/postgres'),
    },
    eu: region('eu'),
    us: region('us'),
    ap: region('ap'),
  },
});
