// One life of a process that is killed: the job (`run`) or the feature server (`serve`) of the shop.
import { millrace } from 'millrace';
import { redis } from 'millrace/redis';
import { shopConfig } from '../../integration/redis/shop-project.ts';

interface LifeOptions {
  readonly does: 'run' | 'serve';
  readonly folder: string;
  readonly url: string;
  readonly layout: 'packed' | 'feast';
  readonly ratePerSecond: number;
  readonly port: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as LifeOptions;
const { folder, url, layout, ratePerSecond, port } = options;
const environment = {
  online: redis(url, { layout, readTimeout: '500ms', openTimeout: '60s' }),
  checkpoints: { directory: `${folder}/checkpoints`, interval: '1s' },
};
const app = await millrace(shopConfig({ folder, ratePerSecond, environment }));
if (options.does === 'serve') {
  await app.serve({ port });
  process.stdout.write('serves\n');
} else {
  const onNotice = (message: string): void => void process.stderr.write(`${message}\n`);
  const summary = await app.run({ onNotice });
  await app.close();
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}
