// One SQL job on a running cluster. To its end: how long it ran by Flink's own account, how much it
// read, and what the TaskManager's process used of CPU and memory meanwhile. Or until it is cancelled.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../test/integration/flink/flink-cluster.ts';

export interface FlinkJob {
  /** `SET` before the statements. */
  readonly settings: Readonly<Record<string, string>>;
  /** The last one is the INSERT. */
  readonly statements: readonly string[];
}

export interface FlinkRun {
  /** From the first task's start to the job's end. */
  readonly wallMs: number;
  /** Of the TaskManager, compilation and garbage collection included. */
  readonly cpuMs: number;
  /** Resident memory of the TaskManager at the end of the job. */
  readonly rssMb: number;
  readonly checkpoints: number;
  /** Taken in by the task that took most: every event, where none is left out. */
  readonly recordsIn: number;
}

const pollMs = 50;
const ticksPerSecond = 100;

interface JobAnswer {
  readonly state: string;
  readonly timestamps: Readonly<Record<string, number>>;
  readonly vertices: ReadonlyArray<{
    readonly status: string;
    readonly 'start-time': number;
    readonly metrics: { readonly 'read-records': number };
  }>;
}

/** Runs a job to its end. */
export async function runFlinkJob(cluster: Cluster, job: FlinkJob): Promise<FlinkRun> {
  const cpuBeforeMs = cpuMsOf(cluster.taskManagerPid);
  const url = await submit(cluster, job);
  const done = await ended(url);
  const cpuMs = cpuMsOf(cluster.taskManagerPid) - cpuBeforeMs;
  const checkpoints = await get<{ counts: { completed: number } }>(`${url}/checkpoints`);
  const startMs = Math.min(...done.vertices.map((vertex) => vertex['start-time']));
  return {
    wallMs: (done.timestamps['FINISHED'] ?? 0) - startMs,
    cpuMs,
    rssMb: rssMbOf(cluster.taskManagerPid),
    checkpoints: checkpoints.counts.completed,
    recordsIn: Math.max(...done.vertices.map(({ metrics }) => metrics['read-records'])),
  };
}

/** Starts a job without an end; resolves once all of it runs, with what cancels it. */
export async function startFlinkJob(cluster: Cluster, job: FlinkJob): Promise<() => Promise<void>> {
  const url = await submit(cluster, job);
  const isIn = (state: string) => (answer: JobAnswer) =>
    answer.state === state && answer.vertices.every(({ status }) => status === state);
  await jobUntil(url, isIn('RUNNING'));
  return async () => {
    await fetch(url, { method: 'PATCH' });
    await jobUntil(url, ({ state }) => state === 'CANCELED');
  };
}

/** The address of the job that the last statement started. */
async function submit(cluster: Cluster, job: FlinkJob): Promise<string> {
  const session = await openSession(cluster, job.settings);
  let jobId: string | null = null;
  for (const statement of job.statements) jobId = await session.execute(statement);
  await session.close();
  if (jobId === null) throw new Error('the last statement started no job');
  return `${cluster.jobManager}/jobs/${jobId}`;
}

function ended(url: string): Promise<JobAnswer> {
  return jobUntil(url, ({ state }) => state === 'FINISHED');
}

async function jobUntil(url: string, isWanted: (job: JobAnswer) => boolean): Promise<JobAnswer> {
  for (;;) {
    const job = await get<JobAnswer>(url);
    if (isWanted(job)) return job;
    if (['FAILED', 'CANCELED', 'FINISHED'].includes(job.state)) {
      const exceptions = await get<Record<string, unknown>>(`${url}/exceptions`);
      throw new Error(`job ${job.state}: ${JSON.stringify(exceptions).slice(0, 2000)}`);
    }
    await sleep(pollMs);
  }
}

async function openSession(cluster: Cluster, settings: Readonly<Record<string, string>>) {
  const base = `${cluster.gateway}/v4/sessions`;
  const properties = { 'execution.target': 'remote', ...settings };
  const { sessionHandle } = await send<{ sessionHandle: string }>(base, { properties });
  const session = `${base}/${sessionHandle}`;
  return {
    execute: async (statement: string): Promise<string | null> => {
      const { operationHandle } = await send<{ operationHandle: string }>(`${session}/statements`, {
        statement,
      });
      return jobIdOf(`${session}/operations/${operationHandle}/result/0?rowFormat=JSON`);
    },
    close: () => fetch(session, { method: 'DELETE' }),
  };
}

async function jobIdOf(url: string): Promise<string | null> {
  for (;;) {
    const result = await get<{ resultType: string; jobID?: string }>(url);
    if (result.resultType !== 'NOT_READY') return result.jobID ?? null;
    await sleep(pollMs);
  }
}

function send<T>(url: string, body: unknown): Promise<T> {
  return get<T>(url, { method: 'POST', body: JSON.stringify(body) });
}

async function get<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${lastCause(text)}`);
  return JSON.parse(text) as T;
}

/** The gateway answers with a whole stack trace; what went wrong is its last cause. */
function lastCause(text: string): string {
  const causes = text.split('Caused by: ');
  return causes[causes.length - 1]?.slice(0, 500) ?? '';
}

function cpuMsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command may contain spaces; what follows it does not. User and system time are fields 14, 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

function rssMbOf(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1000);
}
