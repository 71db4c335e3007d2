// The JobManager's answers as Flink 2.2.1 gives them, and the errors that they become.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { jobError } from '../deploy/start-job.ts';
import { JobManager } from './job-manager.ts';

type Answer = readonly [status: number, body: unknown];
interface Asked {
  readonly line: string;
  readonly body: unknown;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Answers by method and path, each list from its beginning; keeps what it was asked. */
async function jobManager(answers: Readonly<Record<string, readonly Answer[]>>) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      const nth = asked.filter((one) => one.line === line).length;
      asked.push({ line, body: text === '' ? null : JSON.parse(text) });
      const list = answers[line] ?? [];
      const [status, body] = list[Math.min(nth, list.length - 1)] ?? [404, notFound];
      response.writeHead(status).end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { manager: new JobManager({ url, clock: systemClock }), asked };
}

const notFound = {
  errors: [
    'org.apache.flink.runtime.rest.NotFoundException: Job j1 not found\n\tat org.apache.flink.X.y(X.java:99)\n',
  ],
};
const inProgress: Answer = [200, { status: { id: 'IN_PROGRESS' } }];

describe('a savepoint', () => {
  it('with which a job stops is waited for', async () => {
    const { manager, asked } = await jobManager({
      'POST /jobs/j1/stop': [[202, { 'request-id': 't1' }]],
      'GET /jobs/j1/savepoints/t1': [
        inProgress,
        [200, { status: { id: 'COMPLETED' }, operation: { location: 'file:/s/savepoint-1' } }],
      ],
    });
    const made = await manager.savepoint({ job: 'j1', directory: 'file:/s', stop: true });
    expect(made).toBe('file:/s/savepoint-1');
    expect(asked[0]?.body).toEqual({
      targetDirectory: 'file:/s',
      drain: false,
      formatType: 'CANONICAL',
    });
  });

  it('that failed is completed too, and an error', async () => {
    const trace =
      'java.util.concurrent.CompletionException: org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint Coordinator is suspending.\n\tat a.B.c(B.java:1)\nCaused by: org.apache.flink.runtime.checkpoint.CheckpointException: Task has failed.\n\tat a.B.d(B.java:2)\n';
    const operation = { 'failure-cause': { class: 'x', 'stack-trace': trace } };
    const { manager } = await jobManager({
      'POST /jobs/j1/savepoints': [[202, { 'request-id': 't1' }]],
      'GET /jobs/j1/savepoints/t1': [[200, { status: { id: 'COMPLETED' }, operation }]],
    });
    const failed = manager.savepoint({ job: 'j1', directory: 'file:/s', stop: false });
    await expect(failed).rejects.toMatchObject({ code: 'MR_FLINK_SAVEPOINT' });
    await expect(failed).rejects.toThrow('no savepoint was made: Task has failed.');
  });

  it('of a job that is not there is an error of savepoints', async () => {
    const { manager } = await jobManager({});
    const failed = manager.savepoint({ job: 'j1', directory: 'file:/s', stop: true });
    await expect(failed).rejects.toThrow('Job j1 not found');
  });
});

describe('the JobManager', () => {
  it('that is not there is told from one that does not know the job', async () => {
    const { manager } = await jobManager({});
    await expect(manager.job('j1')).rejects.toMatchObject({ code: 'MR_FLINK_JOB' });
    await expect(manager.job('j1')).rejects.toThrow('the JobManager says: Job j1 not found');
    const nobody = new JobManager({ url: 'http://127.0.0.1:1', clock: systemClock });
    await expect(nobody.overview()).rejects.toMatchObject({ code: 'MR_FLINK_UNREACHABLE' });
  });

  it('leaves a job alone that has ended already', async () => {
    const { manager, asked } = await jobManager({});
    await manager.cancel('j1');
    expect(asked.map(({ line }) => line)).toEqual(['PATCH /jobs/j1?mode=cancel']);
  });

  it('knows no watermark before every subtask has one', async () => {
    const path = 'GET /jobs/j1/vertices/v1/watermarks';
    const none = { id: '0.currentInputWatermark', value: '-9223372036854775808' };
    const { manager } = await jobManager({
      [path]: [
        [200, []],
        [200, [none, { id: '1.currentInputWatermark', value: '5' }]],
        [200, [{ id: '0.currentInputWatermark', value: '7' }, { value: '5' }]],
      ],
    });
    expect(await manager.watermark('j1', 'v1')).toBeNull();
    expect(await manager.watermark('j1', 'v1')).toBeNull();
    expect(await manager.watermark('j1', 'v1')).toBe(5);
  });
});

describe('a job that failed', () => {
  const at = { message: '', atMs: 1, task: 'OverAggregate[1]' };

  it.each([
    [
      'org.apache.flink.runtime.JobException: Recovery is suppressed\nCaused by: org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum required resources.',
      'MR_FLINK_SLOTS',
    ],
    [
      'java.lang.NoClassDefFoundError: org/apache/flink/connector/kafka/source/KafkaSource',
      'MR_FLINK_JAR',
    ],
    ['java.lang.ArithmeticException: / by zero', 'MR_FLINK_JOB'],
  ])('is told by its cause: %s', (trace, code) => {
    expect(jobError({ ...at, trace }).code).toBe(code);
  });

  it('says what failed and where', () => {
    const error = jobError({ ...at, message: '/ by zero', trace: 'x: / by zero' });
    expect(error.message).toBe('the job fails: / by zero (in OverAggregate[1])');
  });
});
