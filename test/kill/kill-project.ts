// The project that is killed: two files of one stream and one of another, views that emit by the
// watermark and on arrival, windows of every kind, lines that are not records. Rows are handed on at
// a rate, so that a life of half a second ends in the middle of things.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  aggregate,
  avg,
  type Config,
  count,
  countDistinct,
  defineConfig,
  entity,
  featureView,
  last,
  lifetime,
  max,
  quantile,
  rolling,
  session,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import { seededRandom } from '../../src/kernel/random.ts';

export interface KillSettings {
  readonly folder: string;
  readonly parallelism: number;
  readonly backend: 'memory' | 'disk';
  /** Rows of each file; null: as fast as it goes. */
  readonly ratePerSecond: number | null;
}

export const rowsPerFile = 9000;
const keyCount = 9000;

const user = entity('user', { key: { user_id: t.string() } });
const item = entity('item', { key: { item_id: t.int64() } });

const purchases = stream('purchases', {
  schema: {
    n: t.int64(),
    ts: t.timestamp(),
    user_id: t.string(),
    item_id: t.int64(),
    amount: t.float64(),
  },
  eventTime: { field: 'ts', outOfOrderness: '1m' },
  id: 'n',
});
const clicks = stream('clicks', {
  schema: { ts: t.timestamp(), item_id: t.int64(), page: t.string() },
  eventTime: { field: 'ts', outOfOrderness: '10s' },
});

const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (f) => ({
    n_10m: count().over(rolling('10m')),
    sum_10m: sum(f.amount).over(rolling('10m')),
    avg_1h: avg(f.amount).over(rolling('1h')),
    max_1h: max(f.amount).over(rolling('1h')),
    median_1h: quantile(f.amount, 0.5).over(rolling('1h')),
    items_1h: countDistinct(f.item_id).over(rolling('1h')),
    sum_5m: sum(f.amount).over(tumbling('5m')),
    visit: count().over(session('3m')),
    n: count().over(lifetime()),
  }),
});
/** Refuses a value in a thousand: those records are dead letters of every life. */
export const spread = aggregate('spread', {
  takes: t.float64(),
  schema: { low: t.float64().nullable(), high: t.float64().nullable() },
  returns: t.float64(),
  create: () => ({ low: null, high: null }),
  add: (state, amount) => {
    if (amount > 999) throw new RangeError('an amount is at most 999');
    state.low = Math.min(amount, state.low ?? amount);
    state.high = Math.max(amount, state.high ?? amount);
  },
  merge: (into, from) => {
    if (from.low === null || from.high === null) return;
    into.low = Math.min(from.low, into.low ?? from.low);
    into.high = Math.max(from.high, into.high ?? from.high);
  },
  result: ({ low, high }) => (low === null || high === null ? null : high - low),
});

const sales = featureView('sales', {
  entity: item,
  from: purchases,
  emit: 'watermark',
  features: (f) => ({
    sum_30m: sum(f.amount).over(rolling('30m')),
    last_user: last(f.user_id).over(lifetime()),
    n_10m: count().over(tumbling('10m')),
    spread_30m: spread(f.amount).over(rolling('30m', { resolution: '1m' })),
  }),
});
const views = featureView('views', {
  entity: item,
  from: clicks,
  emit: 'arrival',
  features: (f) => ({
    n_5m: count().over(rolling('5m')),
    pages_30m: countDistinct(f.page).over(rolling('30m', { resolution: '1m' })),
    last_page: last(f.page).over(lifetime()),
  }),
});

/**
 * Its keys are forgotten and come back: when, and so their `_seq`, depends on how splits interleave, so
 * it is not compared. It is there for faults of forgetting.
 */
const recent = featureView('recent', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: () => ({ n_1m: count().over(rolling('1m')) }),
});

export const viewNames = ['spend', 'sales', 'views'] as const;

export function killConfig(settings: KillSettings): Config {
  const { folder, ratePerSecond, parallelism, backend } = settings;
  const planted = process.env['MILLRACE_PLANT'] === undefined ? {} : { recent };
  const pace = ratePerSecond === null ? {} : { ratePerSecond };
  return defineConfig({
    project: 'kill',
    definitions: [{ user, item, purchases, clicks, spend, sales, views, ...planted }],
    environments: {
      local: {
        streams: {
          purchases: file(join(folder, '../data/purchases-*.jsonl'), pace),
          clicks: file(join(folder, '../data/clicks.jsonl'), pace),
        },
        online: embedded(join(folder, 'online')),
        offline: featureLog(join(folder, 'log')),
        deadLetters: join(folder, 'dead-letters'),
        parallelism,
        checkpoints: { directory: join(folder, 'checkpoints'), interval: '200ms' },
        state: {
          backend,
          directory: join(folder, 'state'),
          ...(backend === 'disk' ? { memory: `${leastMebibytes * parallelism}MiB` as const } : {}),
        },
        restart: { strategy: 'none' },
      },
    },
  });
}

/** Writes the input: the same for the same seed. */
export function writeInput(folder: string, seed: number): void {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  mkdirSync(folder, { recursive: true });
  for (const part of [0, 1]) {
    const lines = Array.from({ length: rowsPerFile }, (_, i) => {
      const ts = startMs + i * 400 - below(59_000);
      const key = Math.floor(keyCount * random.next() ** 1.5);
      return JSON.stringify({
        n: 2 * i + part,
        ts,
        user_id: `user ${key}`,
        item_id: below(300),
        amount: below(100_000) / 100,
      });
    });
    writeFileSync(join(folder, `purchases-${part}.jsonl`), `${lines.join('\n')}\n`);
  }
  const clicked = Array.from({ length: rowsPerFile }, (_, i) => {
    if (below(200) === 0) return `{"ts": ${i}, not a record`;
    const ts = startMs + i * 400 - below(9000);
    return JSON.stringify({ ts, item_id: below(300), page: `/p/${below(50)}` });
  });
  writeFileSync(join(folder, 'clicks.jsonl'), `${clicked.join('\n')}\n`);
}

/** The least memory that a subtask may have: less than the keys of this project need. */
const leastMebibytes = 4;

const startMs = Date.UTC(2026, 0, 1, 23, 30);
