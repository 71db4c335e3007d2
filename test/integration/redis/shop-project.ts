// A small shop whose features go to Redis: events made by number, so that any part of them can be
// written again, and the same project over a store in memory to compare with.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Config,
  type EnvironmentOptions,
  count,
  defineConfig,
  entity,
  featureView,
  last,
  lifetime,
  max,
  rolling,
  stream,
  sum,
  t,
} from 'millrace';
import { file } from 'millrace/file';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), n: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});

/** Emits on arrival, so that rows change with each event. */
export const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'arrival',
  features: (p) => ({
    n: count().over(lifetime()),
    last_n: last(p.n).over(lifetime()),
    sum_1h: sum(p.amount).over(rolling('1h')),
    max_1h: max(p.amount).over(rolling('1h')),
  }),
});

const startMs = Date.UTC(2026, 0, 5);
export const userCount = 500;

/** Writes `data/purchases.jsonl` into the folder. */
export function writeEvents(folder: string, events: number): void {
  const lines = Array.from({ length: events }, (_, n) => {
    const user = `u${(n * 7919) % userCount}`;
    return JSON.stringify({ user_id: user, amount: (n * 31) % 100, n, ts: startMs + n * 100 });
  });
  writeFileSync(join(folder, 'purchases.jsonl'), `${lines.join('\n')}\n`);
}

export interface ShopOptions {
  readonly folder: string;
  readonly ratePerSecond?: number;
  readonly environment: Partial<EnvironmentOptions>;
}

export function shopConfig({ folder, ratePerSecond, environment }: ShopOptions): Config {
  const pacing = ratePerSecond === undefined ? {} : { ratePerSecond };
  return defineConfig({
    project: 'shop',
    definitions: [{ user, purchases, spend }],
    environments: {
      local: {
        streams: { purchases: file(join(folder, 'purchases.jsonl'), pacing) },
        ...environment,
      },
    },
  });
}
