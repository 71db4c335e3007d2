// The text files of a new project.

export const featuresFile = `import { avg, count, entity, featureView, lastN, lifetime, max, rolling, stream, sum, t, tumbling } from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const purchases = stream('purchases', {
  schema: {
    event_id: t.string(),
    user_id: t.string(),
    amount: t.float64(),
    category: t.string().nullable(),
    ts: t.timestamp(), // epoch milliseconds
  },
  eventTime: { field: 'ts', outOfOrderness: '5s', idleTimeout: '30s' },
  id: 'event_id',
});

const paid = purchases.where((p) => p.amount.gt(0));

export const userSpend = featureView('user_spend', {
  entity: user,
  from: paid,
  ttl: '8d',
  description: 'Spend velocity per user',
  features: (p) => ({
    spend_1h: sum(p.amount).over(rolling('1h')),
    purchases_24h: count().over(rolling('24h')),
    avg_24h: avg(p.amount).over(rolling('24h')),
    max_24h: max(p.amount).over(rolling('24h')),
    big_24h: count().where(p.amount.gte(500)).over(rolling('24h')),
    spend_5m: sum(p.amount).over(tumbling('5m')),
    last_amounts: lastN(p.amount, 3).over(lifetime()),
  }),
  derive: (f) => ({ share_big: f.big_24h.div(f.purchases_24h) }),
});
`;

export const configFile = `import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import * as shop from './features/shop.ts';

export default defineConfig({
  project: 'shop',
  definitions: [shop],
  environments: {
    local: {
      streams: { purchases: file('./data/purchases.jsonl') },
      online: embedded('./.millrace/online'),
      offline: featureLog('./.millrace/offline'),
    },
  },
});
`;

export const ignoreFile = `node_modules/
.millrace/
`;

export const compilerFile = `{
  "compilerOptions": {
    "module": "nodenext",
    "target": "es2024",
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "skipLibCheck": true
  },
  "include": ["*.ts", "features/**/*.ts"]
}
`;

export const readmeFile = `# shop

Features of a shop's customers, computed from \`data/purchases.jsonl\` by millrace.

    npx millrace check
    npx millrace run --until-end
    npx millrace get user_spend user_id=u1
    npx millrace train --view user_spend --entities data/labels.csv --out train.parquet
    npx millrace serve

The features are in \`features/shop.ts\`; what they read, and where they are kept, in
\`millrace.config.ts\`. Everything that is computed goes to \`.millrace/\`, which can be deleted.
`;

/** `package.json`, depending on millrace as given. */
export function packageFile(millrace: string): string {
  const manifest = {
    name: 'shop-features',
    private: true,
    type: 'module',
    engines: { node: '>=24.6' },
    scripts: {
      check: 'millrace check',
      run: 'millrace run --until-end',
      serve: 'millrace serve',
      dev: 'millrace dev',
    },
    dependencies: { millrace },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
