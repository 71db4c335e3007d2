// The status of a job for programs: in a bucket as in a folder, and whose it is when a run is refused.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  count,
  defineConfig,
  entity,
  type EnvironmentOptions,
  featureView,
  type JobStatus,
  millrace,
  stream,
  t,
  tumbling,
} from 'millrace';
import { file } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../cli/run-cli.ts';
import { S3Server, s3Keys } from '../integration/s3-server.ts';

const user = entity('user', { key: { user_id: t.string() } });
const clicks = stream('clicks', {
  schema: { user_id: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});
const activity = featureView('activity', {
  entity: user,
  from: clicks,
  features: () => ({ clicks_5m: count().over(tumbling('5m')) }),
});

let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
  const rows = Array.from({ length: 50 }, (_, i) => `{"user_id":"u${i % 3}","ts":${i * 1000}}\n`);
  writeFileSync(join(folder.path, 'clicks.jsonl'), rows.join(''));
});
afterEach(() => {
  folder.remove();
  vi.unstubAllEnvs();
});

function open(options: Partial<EnvironmentOptions> = {}) {
  const local = { streams: { clicks: file('./clicks.jsonl') }, ...options };
  const config = defineConfig({
    project: 'web',
    definitions: [{ user, clicks, activity }],
    environments: { local },
  });
  return millrace(config, { baseDirectory: folder.path });
}

it('lies beside the checkpoints in a bucket', async () => {
  const server = new S3Server();
  vi.stubEnv('AWS_ACCESS_KEY_ID', s3Keys.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3Keys.secretAccessKey);
  vi.stubEnv('AWS_ENDPOINT_URL', await server.start());
  vi.stubEnv('AWS_REGION', server.region);
  try {
    const app = await open({ checkpoints: { directory: 's3://checkpoints/jobs' } });
    expect(await app.status()).toMatchObject({ state: 'never run', healthy: true, last: null });
    await app.run();
    expect(await app.status()).toMatchObject({
      job: 'web-local',
      state: 'finished',
      process: { pid: process.pid, alive: true },
      lease: { state: 'released', pid: process.pid },
      last: { num_records_in: 50, has_checkpoints: true, interval_ms: 10_000 },
    });
    await app.close();
  } finally {
    await server.stop();
  }
});

describe('a run that is refused', () => {
  const path = (): string => join(folder.path, '.millrace/checkpoints/web-local/status.json');
  const options = { checkpoints: { directory: './.millrace/checkpoints' } };

  /** A run wrote a status; another process is said to have written it, and to run the job. */
  async function writtenBy(pid: number): Promise<string> {
    const app = await open(options);
    await app.run();
    await app.close();
    const { last } = await statusNow();
    const { process: own, ...rest } = last as NonNullable<JobStatus['last']>;
    const text = JSON.stringify({
      ...rest,
      process: { ...own, pid },
      state: 'running',
      written_at_ms: Date.now(),
    });
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(path(), text);
    return text;
  }

  async function statusNow(): Promise<JobStatus> {
    const app = await open(options);
    try {
      return await app.status();
    } finally {
      await app.close();
    }
  }

  async function refused(): Promise<void> {
    const app = await open(options);
    const run = app.run({ fromSavepoint: 'nothing' });
    await expect(run).rejects.toMatchObject({ code: 'MR_SAVEPOINT_NOT_FOUND' });
    await app.close();
  }

  it('does not touch the status of a process that runs the job', async () => {
    const text = await writtenBy(process.ppid);
    await refused();
    expect(readFileSync(path(), 'utf8')).toBe(text);
    expect(await statusNow()).toMatchObject({ state: 'running', healthy: true });
  });

  it('is what there is to know when nobody runs it', async () => {
    const child = spawn(process.execPath, ['--version']);
    await once(child, 'close');
    await writtenBy(child.pid ?? 0);
    expect(await statusNow()).toMatchObject({ state: 'not running', healthy: false });
    await refused();
    const status = await statusNow();
    expect(status).toMatchObject({ state: 'failed', process: { pid: process.pid } });
    expect(status.problems[0]?.message).toContain('failed with MR_SAVEPOINT_NOT_FOUND');
  });
});

it('does not fail a job that cannot write its status', async () => {
  writeFileSync(join(folder.path, 'taken'), '');
  const app = await open({ state: { directory: './taken' } });
  const notices: string[] = [];
  const { records_in } = await app.run({ onNotice: (message) => notices.push(message) });
  expect(records_in).toBe(50);
  expect(notices).toHaveLength(1);
  expect(notices[0]).toMatch(/^the status cannot be written \(.*taken\/web-local\.status\.json\)/);
  await expect(app.status()).rejects.toMatchObject({ code: 'MR_CHECKPOINT_ACCESS' });
  await app.close();
});
