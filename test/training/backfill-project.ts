// A project that comes to know a view, or features of it, while its job is half through.
import {
  type App,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  max,
  millrace,
  rolling,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';

/** What the project knows: nothing of the view, one feature of it, or all. */
export type Definition = 'none' | 'old' | 'new';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1m', maxAhead: 'off' },
});
const other = featureView('other', {
  entity: user,
  from: purchases,
  features: (p) => ({ sum_10m: sum(p.amount).over(rolling('10m')) }),
});
const old = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({ sum_1h: sum(p.amount).over(rolling('1h')) }),
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  upgrade: { added: 'empty' },
  features: (p) => ({
    sum_1h: sum(p.amount).over(rolling('1h')),
    count_all: count().over(lifetime()),
    max_2h: max(p.amount).over(rolling('2h')),
  }),
});
const definitions = { none: { other }, old: { other, old }, new: { other, spend } };

export function openShop(
  baseDirectory: string,
  definition: Definition,
  options: { readonly ratePerSecond?: number } = {},
): Promise<App> {
  const config = defineConfig({
    project: 'shop',
    definitions: [definitions[definition]],
    environments: {
      local: {
        streams: { purchases: file('purchases.jsonl', options) },
        online: embedded('online'),
        offline: featureLog('log'),
        checkpoints: { directory: 'checkpoints', interval: '300ms' },
      },
    },
  });
  return millrace(config, { baseDirectory });
}
