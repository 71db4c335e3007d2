// What a deployment does when things go wrong in the middle, on a cluster that fails as it is told.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobManager } from '../../src/flink/client/job-manager.ts';
import { type DeployRequest, deployJob } from '../../src/flink/deploy/deploy-job.ts';
import type { FlinkProgram } from '../../src/flink/flink-program.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { buildPlan } from '../../src/index.ts';
import { FakeFlink } from './fake-flink.ts';

const recorded = readFileSync(new URL('fixtures/compiled-plan.json', import.meta.url), 'utf8');
const withMax = recorded.replaceAll('COUNT($4) AS w0$o2', 'COUNT($4) AS w0$o2, MAX(amount) AS x');
const plan = buildPlan([]).plan as Plan;

let flink: FakeFlink;
let url: string;
let steps: string[];
beforeEach(async () => {
  flink = new FakeFlink();
  flink.compiled = recorded;
  url = await flink.start();
  steps = [];
});
afterEach(() => {
  flink.stop();
});

function programOf(version: string): FlinkProgram {
  const set = { kind: 'set', name: 'v', origin: 'plan', text: `SET 'v' = '${version}'` } as const;
  const insert = { kind: 'insert', name: 'i', origin: 'view:spend', text: 'INSERT' } as const;
  return { profile: '2.x', fingerprint: '', statements: [set], inserts: [insert], refusals: [] };
}

function deploy(version: string, options: Partial<DeployRequest> = {}) {
  const manager = new JobManager({ url, clock: systemClock });
  const clock = systemClock;
  return deployJob({
    cluster: { gatewayUrl: url, manager, clock, verifyTimeoutMs: 2000, settleMs: 1 },
    folder: flink.folder,
    name: 'the-job',
    program: programOf(version),
    plan,
    parallelism: 1,
    fromSavepoint: null,
    isFresh: false,
    losesState: false,
    onStep: (text) => steps.push(text),
    ...options,
  });
}

const runs = (): readonly (string | null)[][] =>
  flink.running.map(({ jid, from, parameters }) => [
    jid,
    from,
    parameters['millrace.deployment'] ?? null,
  ]);

test('the same is deployed once, another with the state of the first', async () => {
  expect(await deploy('a')).toMatchObject({ outcome: 'started', savepoint: null, state: null });
  expect(await deploy('a')).toMatchObject({ outcome: 'unchanged', job: 'j1', deployment: 1 });
  const upgraded = await deploy('b');
  expect(upgraded).toMatchObject({ outcome: 'upgraded', savepoint: 'mem:/savepoint-of-j1' });
  expect(upgraded.state?.kept).toHaveLength(8);
  expect(runs()).toEqual([['j2', 'mem:/savepoint-of-j1', '2']]);
});

test('a job that does not run gives way to the one before, with the same state', async () => {
  await deploy('a');
  flink.next = ['fails'];
  const failed = deploy('b');
  await expect(failed).rejects.toMatchObject({ code: 'MR_FLINK_ROLLED_BACK' });
  await expect(failed).rejects.toThrow(
    'deployment 1 runs again: the job fails: bad luck (in Over)',
  );
  expect(runs()).toEqual([['j3', 'mem:/savepoint-of-j1', '1']]);
  expect(flink.jobs[2]?.plan).toBe(flink.jobs[0]?.plan);
  expect(await deploy('a')).toMatchObject({ outcome: 'unchanged', job: 'j3' });
});

test('when neither runs the savepoint is not forgotten', async () => {
  await deploy('a');
  flink.next = ['fails', 'fails'];
  await expect(deploy('b')).rejects.toThrow('neither does deployment 1: nothing runs');
  expect(runs()).toEqual([]);
  expect(await deploy('c')).toMatchObject({ savepoint: 'mem:/savepoint-of-j1', deployment: 2 });
});

test('a job that was started behind a lost answer does not run beside the old one', async () => {
  await deploy('a');
  flink.next = ['runs, and the gateway goes away'];
  await expect(deploy('b')).rejects.toThrow('nothing runs');
  expect(runs()).toEqual([]);
  flink.gatewayComesBack();
  await deploy('b');
  expect(runs()).toEqual([['j3', 'mem:/savepoint-of-j1', '2']]);
});

test('state that would be lost is refused while the old job runs', async () => {
  await deploy('a');
  flink.compiled = withMax;
  const refused = deploy('b');
  await expect(refused).rejects.toMatchObject({ code: 'MR_FLINK_UPGRADE' });
  await expect(refused).rejects.toThrow('begins empty: spend__rolling_1h: OverAggregate(');
  expect(runs()).toEqual([['j1', null, '1']]);
  expect((await deploy('b', { losesState: true })).state?.lost).toHaveLength(1);
});

test('a job that ended by itself is not begun anew in silence', async () => {
  await deploy('a');
  for (const job of flink.jobs) job.state = 'FAILED';
  await expect(deploy('a')).rejects.toMatchObject({ code: 'MR_FLINK_DEPLOYMENT' });
  const from = { fromSavepoint: 'mem:/chk-7' };
  expect(await deploy('a', from)).toMatchObject({ outcome: 'started', savepoint: 'mem:/chk-7' });
  await expect(deploy('b', from)).rejects.toThrow('j2 runs, and would go on beside it');
});

test('a first deployment that fails leaves nothing in the way of the next', async () => {
  flink.next = ['fails'];
  await expect(deploy('a')).rejects.toMatchObject({ code: 'MR_FLINK_JOB' });
  expect(await deploy('b')).toMatchObject({ outcome: 'started', deployment: 1, savepoint: null });
});

test('a full cluster, and a job that nobody knows, change nothing', async () => {
  await deploy('a');
  await expect(deploy('b', { parallelism: 3 })).rejects.toMatchObject({ code: 'MR_FLINK_SLOTS' });
  flink.files.delete('deployment-1.json');
  await expect(deploy('b')).rejects.toThrow('mem: does not say what it was made from');
  expect(runs()).toEqual([['j1', null, '1']]);
});

test('of two who deploy at the same moment one is refused', async () => {
  const { folder } = flink;
  const busy = { ...folder, write: () => Promise.resolve(false) };
  await expect(deploy('a', { folder: busy })).rejects.toThrow('somebody else deploys');
  expect(flink.jobs).toEqual([]);
});
