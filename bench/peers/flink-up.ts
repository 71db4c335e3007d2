// Flink by hand: installs it, starts and stops a cluster on loopback.
// Run: node --conditions=millrace-src bench/peers/flink-up.ts start|stop|install [--flink-dir DIR] [--managed 0.1]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster, stopCluster } from '../../test/integration/flink/flink-cluster.ts';
import { defaultFlinkDirectory, installFlink } from '../../test/integration/flink/flink-install.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'flink-dir': { type: 'string', default: defaultFlinkDirectory },
    managed: { type: 'string', default: '0.1' },
  },
});
const directory = join(values['flink-dir'], 'cluster');
const [command] = positionals;
if (command === 'install') console.log(installFlink(values['flink-dir']));
else if (command === 'stop') await stopCluster(directory);
else if (command === 'start') {
  const dist = installFlink(values['flink-dir']);
  const managedFraction = Number(values.managed);
  console.log(JSON.stringify(await startCluster({ dist, directory, managedFraction })));
} else {
  console.error('one of: install, start, stop');
  process.exitCode = 2;
}
