// How another process asks a running job for a savepoint: it leaves a request beside the job's
// checkpoints and waits for the answer there, so it works wherever the checkpoints are.
import { parseSavepointReference } from '../../engine/checkpoint/savepoints.ts';
import type { CheckpointStore } from '../../engine/checkpoint/checkpoint-store.ts';
import type { Job } from '../../engine/job/job-spec.ts';
import type { Clock } from '../../kernel/clock.ts';
import { errorCatalogue, type ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';

const pollMs = 1000;
const answerPollMs = 250;
/** A request that nobody has taken up after this is withdrawn. */
const patienceMs = 5000;

const utf8 = new TextEncoder();

interface Request {
  readonly name: string;
  /** The job stops when the savepoint is there. */
  readonly stop: boolean;
}

type Answer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface ServedJob {
  readonly job: Job;
  readonly store: CheckpointStore;
  readonly storage: CheckpointStorage;
  readonly jobName: string;
  readonly clock: Clock;
}

/** Answers requests until the signal aborts. Storage that cannot be read is asked again later. */
export async function serveSavepointRequests(served: ServedJob, signal: AbortSignal) {
  const { storage, jobName, clock } = served;
  const prefix = requestPrefix(jobName);
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal);
    const found = signal.aborted ? [] : await storage.list(prefix).catch(() => []);
    for (const { name } of found) {
      if (name.endsWith('.request')) await answer(served, name).catch(() => undefined);
    }
  }
}

async function answer({ job, store, storage }: ServedJob, requestName: string): Promise<void> {
  const found = await storage.read(requestName);
  if (found === null) return;
  await storage.remove([requestName]);
  const { name, stop } = parsed<Request>(found.bytes);
  const reply = (value: Answer): Promise<unknown> =>
    storage.write(answerName(requestName), utf8.encode(JSON.stringify(value)));
  await reply({ kind: 'taken' });
  try {
    const manifest = await job.checkpoint();
    await store.saveAs(name, manifest);
    await reply({ kind: 'done', id: manifest.id });
  } catch (error) {
    const { code, message } =
      error instanceof MillraceError ? error : { code: 'MR_INTERNAL', message: String(error) };
    await reply({ kind: 'failed', code, message });
    return;
  }
  if (stop) void job.stop();
}

/** Asks the job that runs elsewhere; the id of the checkpoint that became the savepoint, null when nobody answers. */
export async function requestSavepoint(
  { storage, jobName, clock }: Pick<ServedJob, 'storage' | 'jobName' | 'clock'>,
  request: Request,
): Promise<number | null> {
  parseSavepointReference(request.name, jobName);
  const name = `${requestPrefix(jobName)}${process.pid}-${clock.nowMs()}.request`;
  await storage.write(name, utf8.encode(JSON.stringify(request)));
  const startMs = clock.monotonicMs();
  try {
    for (let isTaken = false; ; ) {
      const found = await storage.read(answerName(name));
      const reply = found === null ? null : parsed<Answer>(found.bytes);
      if (reply?.kind === 'done') return reply.id;
      if (reply?.kind === 'failed') throw failure(reply);
      isTaken ||= reply !== null;
      if (!isTaken && clock.monotonicMs() - startMs > patienceMs) return null;
      await clock.sleep(answerPollMs);
    }
  } finally {
    await storage.remove([name, answerName(name)]);
  }
}

function failure({ code, message }: Answer & { kind: 'failed' }): MillraceError {
  const known = Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'MR_INTERNAL';
  return new MillraceError(known, message);
}

function requestPrefix(jobName: string): string {
  return `${jobName}/requests/`;
}

function answerName(requestName: string): string {
  return `${requestName}.answer`;
}

function parsed<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
