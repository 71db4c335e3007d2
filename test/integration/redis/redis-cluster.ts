// A real Redis Cluster of three servers on this machine, without replicas.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RedisServer, redisProgram, startRedis } from './redis-server.ts';

const run = promisify(execFile);

export interface RedisCluster {
  readonly urls: readonly string[];
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

export async function startCluster(): Promise<RedisCluster> {
  const args = ['--save', '', '--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const servers: RedisServer[] = [];
  for (let i = 0; i < 3; i++) servers.push(await startRedis({ args, isCluster: true }));
  const { path, env } = await redisProgram('redis-cli');
  const cli = async (...words: readonly string[]): Promise<string> =>
    (await run(path, [...words], { env: { ...process.env, ...env } })).stdout;
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  await cli('--cluster', 'create', ...addresses, '--cluster-yes');
  for (const { port } of servers) {
    while (!(await cli('-p', String(port), 'CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    urls: servers.map(({ url }) => url),
    servers,
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  };
}
