// A process that waits for a job: it keeps the newest checkpoint at hand and takes the job over as
// soon as nobody holds its lease. It reads storage only; whoever runs the job does not notice it.
import type { CheckpointStore } from '../../engine/checkpoint/checkpoint-store.ts';
import { filesOf } from '../../engine/checkpoint/manifest-codec.ts';
import { fileName } from '../../engine/checkpoint/names.ts';
import { readLatestCheckpoint } from '../../engine/checkpoint/read-checkpoints.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import type { StateFiles } from '../../ports/state-files.ts';

export interface StandByOptions {
  readonly storage: CheckpointStorage;
  readonly job: string;
  /** Where the files of the newest checkpoint are put. */
  readonly files: StateFiles;
  readonly clock: Clock;
  /** How often it looks; default 500. */
  readonly intervalMs?: number;
  readonly signal: AbortSignal;
  readonly report: (message: string) => void;
  /** Takes the lease; rejects with MR_CHECKPOINT_IN_USE while another process has it. */
  readonly open: () => Promise<CheckpointStore>;
}

export interface TakenOver {
  readonly store: CheckpointStore;
  /** Files of checkpoints that are here already. */
  readonly fetched: ReadonlySet<string>;
}

/** Resolves when the job is this process's; null when `signal` came first. */
export async function standBy(options: StandByOptions): Promise<TakenOver | null> {
  const { clock, signal, report, open } = options;
  const fetched = new Set<string>();
  let heldBy = '';
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    try {
      const store = await open();
      if (heldBy !== '') {
        const tookMs = Math.round(clock.monotonicMs() - startMs);
        report(`took the job over: its lease was free, and taken within ${tookMs} ms`);
      }
      return { store, fetched };
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'MR_CHECKPOINT_IN_USE') throw error;
      if (heldBy === '') report(`standing by: ${error.message}`);
      heldBy = error.message;
    }
    await prefetch(options, fetched);
    await clock.sleep(options.intervalMs ?? 500, signal).catch(() => undefined);
  }
  return null;
}

/** Brings the files of the newest checkpoint here; others that were brought before go. */
async function prefetch(
  { storage, job, files, report }: StandByOptions,
  fetched: Set<string>,
): Promise<void> {
  const latest = await readLatestCheckpoint(storage, job).catch(() => null);
  if (latest === null) return;
  const wanted = filesOf(latest.manifest);
  const missing = [...wanted.keys()].filter((file) => !fetched.has(file));
  try {
    for (const file of missing) {
      await storage.readTo(fileName(job, file), files.path(file));
      fetched.add(file);
    }
  } catch {
    // The owner removed it meanwhile: the next look finds a newer checkpoint.
    return;
  }
  for (const file of [...fetched]) {
    if (wanted.has(file)) continue;
    files.remove(file);
    fetched.delete(file);
  }
  if (missing.length > 0) {
    report(`standing by with checkpoint ${latest.manifest.id}: ${missing.length} new files`);
  }
}
