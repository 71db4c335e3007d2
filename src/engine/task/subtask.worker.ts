// Entry of a worker thread: runs one subtask until the exchange is closed. What goes wrong is sent to the
// hub with everything that structured cloning of an error would drop.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../kernel/clock.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import { importAggregates } from './worker-aggregates.ts';
import { sentError, type WorkerStart, type WorkerState } from './worker-protocol.ts';
import { WorkerSubtask } from './worker-subtask.ts';

async function openFiles(state: WorkerState | null): Promise<StateFiles | null> {
  if (state === null) return null;
  if (state.threads === null)
    throw new Error('state in a worker needs files that threads can open');
  const { module, directory } = state.threads;
  const opener = (await import(module)) as { openStateFiles(directory: string): StateFiles };
  return opener.openStateFiles(directory);
}

let subtask: WorkerSubtask | null = null;
try {
  const start = workerData as WorkerStart;
  const stateFiles = await openFiles(start.state);
  const aggregates = await importAggregates(start.aggregates);
  const options = { clock: systemClock, stateFiles, aggregates, mayBlock: true };
  subtask = new WorkerSubtask(start, options);
  subtask.run();
} catch (error) {
  if (subtask?.isClosed !== true) parentPort?.postMessage(sentError(error));
} finally {
  subtask?.close();
}
