// Entry of a worker thread: runs one subtask until its input ends. What goes wrong is sent to the
// hub with everything that structured cloning of an error would drop.
import { parentPort, workerData } from 'node:worker_threads';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { SentError, WorkerStart } from './worker-protocol.ts';
import { WorkerSubtask } from './worker-subtask.ts';

function sent(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  if (!(error instanceof MillraceError)) {
    return { kind: 'failed', code: null, message, fix: null, context: {}, stack };
  }
  const { code, fix, context } = error;
  return { kind: 'failed', code, message, fix: fix ?? null, context: plain(context), stack };
}

/** Only what can be cloned. */
function plain(context: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context).map(([name, value]) => [
      name,
      typeof value === 'object' || typeof value === 'function' ? String(value) : value,
    ]),
  );
}

let subtask: WorkerSubtask | null = null;
try {
  subtask = new WorkerSubtask(workerData as WorkerStart);
  subtask.run();
} catch (error) {
  if (subtask?.isClosed !== true) parentPort?.postMessage(sent(error));
}
