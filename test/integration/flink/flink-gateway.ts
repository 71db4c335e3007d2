// Flink for tests: installed from its published packages started small.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, stopCluster } from './flink-cluster.ts';
import { defaultFlinkDirectory, installFlink, installKafkaConnector } from './flink-install.ts';

export interface TestFlink {
  readonly gateway: string;
  readonly jobManager: string;
  /** Gone when it is stopped. */
  readonly folder: string;
  stop(): Promise<void>;
}

interface StartOptions {
  /** Jars beside those of Flink's own `lib`. */
  readonly jars?: readonly string[];
}

/** A JobManager, a TaskManager and a gateway, on ports of their own. */
export async function startFlink({ jars = [] }: StartOptions = {}): Promise<TestFlink> {
  const dist = installFlink(defaultFlinkDirectory);
  installKafkaConnector(dist);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-flink-'));
  const directory = join(folder, 'cluster');
  // Three in a row: REST, the gateway, RPC. Whoever else runs Flink here has other ones.
  const port = 20_000 + 3 * (process.pid % 3000);
  const { gateway, jobManager } = await startCluster({
    dist,
    directory,
    port,
    memory: '1728m',
    jars,
  });
  return {
    gateway,
    jobManager,
    folder,
    stop: async () => {
      await stopCluster(directory);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
