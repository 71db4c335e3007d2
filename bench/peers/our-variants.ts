// How this engine runs a job, as data; more ways are one line each. A way that keeps state or takes
// checkpoints gets a folder of its own, which is removed when the job is over.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localCheckpointStorage } from '../../src/adapters/file/checkpoint/local-checkpoint-storage.ts';
import { fileStateFiles } from '../../src/adapters/file/state/state-files.ts';
import { threadStateFiles } from '../../src/adapters/file/state/thread-state-files.ts';
import { openCheckpointStore } from '../../src/engine/checkpoint/checkpoint-store.ts';
import type { JobSpec } from '../../src/engine/job/job-spec.ts';
import { systemClock } from '../../src/kernel/clock.ts';

interface Variant {
  /** Threads that compute; default 1. */
  readonly parallelism?: number;
  /** State has files, and this much of it may be in memory; `'all'`: every key. */
  readonly memoryBytesMax?: number | 'all';
  /** Needs files of state. */
  readonly checkpointIntervalMs?: number;
}

/**
 * Flink's job with RocksDB takes a checkpoint every 10 s and needs a minute. Ours is over in seconds,
 * so that it takes one every half second: at least as many, each for far fewer events.
 */
const checkpointIntervalMs = 500;

const variants: Readonly<Record<string, Variant>> = {
  memory: {},
  threads: { parallelism: 2 },
  checkpointed: { memoryBytesMax: 'all', checkpointIntervalMs },
  /** Of J2's state of a million events, 69 MB, less than half. */
  disk: { memoryBytesMax: 32 * 2 ** 20, checkpointIntervalMs },
};

export const ourVariants: readonly string[] = Object.keys(variants);

export interface OpenVariant {
  /** What the job's spec gets of it. */
  readonly spec: Partial<JobSpec>;
  readonly close: () => Promise<void>;
}

export async function openVariant(name: string): Promise<OpenVariant> {
  const variant = variants[name];
  if (variant === undefined) throw new Error(`no variant ${name}: ${ourVariants.join()}`);
  const { parallelism = 1, memoryBytesMax, checkpointIntervalMs: intervalMs } = variant;
  if (memoryBytesMax === undefined) {
    return { spec: { parallelism }, close: () => Promise.resolve() };
  }
  const directory = mkdtempSync(join(tmpdir(), 'millrace-peers-'));
  const files = join(directory, 'state');
  const state = {
    files: fileStateFiles(files),
    threads: threadStateFiles(files),
    memoryBytesMax: memoryBytesMax === 'all' ? null : memoryBytesMax,
    filePrefix: 'bench',
  };
  const storage = localCheckpointStorage(join(directory, 'checkpoints'));
  const store = await openCheckpointStore({ storage, job: 'bench', clock: systemClock });
  const trigger = { store, minPauseMs: 0, timeoutMs: 600_000, failuresTolerated: 0 };
  return {
    spec: {
      parallelism,
      state,
      ...(intervalMs === undefined ? {} : { checkpoints: { ...trigger, intervalMs } }),
    },
    close: async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
