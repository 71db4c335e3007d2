// `feature_store.yaml` for the two ways in which Feast's SDK reads what we keep: from Redis itself, in
// Feast's layout, or from our server over HTTP. No secret is written: Feast fills in `${…}` from the
// environment when it loads the file.
import type { RedisBinding } from '../../adapters/redis/redis.ts';

/** How the SDK is to read. */
export type FeastRoute = 'redis' | 'remote';

export const redisPasswordVariable = 'REDIS_PASSWORD';

/** `online_store` of the Redis route, and what has to be said of it. */
export interface RedisRoute {
  readonly lines: readonly string[];
  readonly notes: readonly string[];
}

export function remoteLines(url: string): readonly string[] {
  return ['  type: remote', `  path: ${quoted(url)}`];
}

export function redisRoute({ url, options }: RedisBinding): RedisRoute {
  const { cluster = false } = options;
  const more = Array.isArray(cluster) ? (cluster as readonly string[]) : [];
  const first = new URL(url);
  const hosts = [url, ...more].map((address) => hostOf(new URL(address)));
  const notes: string[] = [];
  const parameters: string[] = [];
  const db = first.pathname.slice(1);
  if (db !== '' && cluster === false) parameters.push(`db=${db}`);
  const username = options.username ?? decodeURIComponent(first.username);
  if (username !== '') parameters.push(`username=${username}`);
  if (options.password !== undefined || first.password !== '') {
    parameters.push(`password=\${${redisPasswordVariable}}`);
    notes.push(`set ${redisPasswordVariable} where the SDK runs: no password is written`);
  }
  if (first.protocol === 'rediss:' || options.tls !== undefined) {
    parameters.push('ssl=true');
    if (options.tls?.verify === false) parameters.push('ssl_cert_reqs=none');
    if (options.tls?.ca !== undefined) {
      notes.push('add ssl_ca_certs=<file> to connection_string: the authority is text here');
    }
  }
  const type = cluster === false ? [] : ['  redis_type: redis_cluster'];
  const connection = [...hosts, ...parameters].join(',');
  const lines = ['  type: redis', ...type, `  connection_string: ${quoted(connection)}`];
  return { lines, notes };
}

function hostOf(url: URL): string {
  return `${url.hostname}:${url.port === '' ? '6379' : url.port}`;
}

export interface FeatureStoreYaml {
  readonly project: string;
  readonly registryFile: string;
  readonly onlineStore: readonly string[];
}

/** The text of a `feature_store.yaml`. */
export function featureStoreYaml({ project, registryFile, onlineStore }: FeatureStoreYaml): string {
  return [
    '# Written by `millrace feast export`: write it again rather than changing it.',
    `project: ${quoted(project)}`,
    'provider: local',
    'registry:',
    '  registry_type: file',
    `  path: ${quoted(registryFile)}`,
    'online_store:',
    ...onlineStore,
    'offline_store:',
    '  type: file',
    'entity_key_serialization_version: 3',
    '',
  ].join('\n');
}

/** JSON text is YAML text. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
