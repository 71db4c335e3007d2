import { afterEach, describe, expect, it, vi } from 'vitest';
import { flink } from '../../../adapters/flink/index.ts';
import { kafka } from '../../../adapters/kafka/index.ts';
import { count, defineConfig, entity, featureView, rolling, stream, t } from '../../../index.ts';
import { resolveProject } from '../../config/resolve-project.ts';
import { planFolderOf } from './plan-folder-of.ts';

const events = stream('events', {
  schema: { user: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});
const counts = featureView('counts', {
  entity: entity('user', { key: { user: t.string() } }),
  from: events,
  emit: 'watermark',
  features: () => ({ n: count().over(rolling('1h')) }),
});
const at = 'http://localhost:1';

async function uriOf(directory: string): Promise<string> {
  const config = defineConfig({
    project: 'shop',
    definitions: [{ counts }],
    environments: {
      fleet: {
        streams: { events: kafka({ brokers: ['localhost:1'], topic: 'events' }) },
        checkpoints: { directory, interval: '1s' },
        engine: flink({ gateway: at, jobManager: at }),
      },
    },
  });
  return planFolderOf(await resolveProject(config, { env: 'fleet' })).uri;
}

describe('the folder of deployments', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('in a bucket is where the cluster finds it, however this process reaches the bucket', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const place = 's3://bucket/jobs/flink/shop-fleet';
    expect(await uriOf('s3://bucket/jobs/')).toBe(place);
    expect(await uriOf('s3://bucket/jobs?endpoint=http://localhost:9000&region=x')).toBe(place);
  });

  it('on disk is a file by its whole path', async () => {
    expect(await uriOf('/srv/state')).toBe('file:/srv/state/flink/shop-fleet');
  });
});
