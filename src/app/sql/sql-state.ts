// Checkpoints of a query, as SET says: they belong to the script by its text, so that a script that is
// started again after a failure goes on, and a changed one begins anew.
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileStateFiles } from '../../adapters/file/state/state-files.ts';
import { openCheckpointStore } from '../../engine/checkpoint/checkpoint-store.ts';
import type { JobSpec } from '../../engine/job/job-spec.ts';
import type { Clock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { SqlSettings } from '../../sql/bind/settings.ts';
import { storageAt } from '../recovery/storage-at.ts';

export interface SqlStateOptions {
  readonly settings: SqlSettings;
  /** The script. */
  readonly text: string;
  /** The number of the query in it. */
  readonly query: number;
  readonly baseDirectory: string;
  readonly clock: Clock;
  readonly report: (message: string) => void;
}

export interface SqlState {
  readonly spec: Pick<JobSpec, 'state' | 'checkpoints' | 'restart' | 'random'>;
  /** `isOver`: all input was read, and nothing is left to go on with. */
  close(isOver: boolean): Promise<void>;
}

const none: SqlState = { spec: {}, close: () => Promise.resolve() };

const defaultDirectory = '.millrace/sql';
const timeoutMs = 600_000;

/** Takes the lease of the job. Errors: MR_CHECKPOINT_IN_USE, those of the storage. */
export async function openSqlState(options: SqlStateOptions): Promise<SqlState> {
  const { settings, text, query, baseDirectory, clock, report } = options;
  const { checkpoints } = settings;
  if (checkpoints === null) return none;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const job = `sql-${hash}-${query}`;
  const place = checkpoints.directory ?? join(defaultDirectory, 'checkpoints');
  const storage = storageAt(place.replace(/^file:\/\/(?=\/)/, ''), baseDirectory);
  const store = await openCheckpointStore({ storage, job, clock, retain: 2, report });
  const files = fileStateFiles(join(resolve(baseDirectory, defaultDirectory), 'state', job));
  const { intervalMs } = checkpoints;
  return {
    spec: {
      state: { files, threads: null, memoryBytesMax: null },
      checkpoints: {
        ...{ store, report, intervalMs, timeoutMs, minPauseMs: 0, failuresTolerated: 3 },
      },
      restart: {
        ...{ kind: 'exponential', initialMs: 1000, maxMs: 60_000, factor: 2 },
        ...{ resetAfterMs: 600_000, jitter: 0.1 },
      },
      random: seededRandom(clock.nowMs()),
    },
    close: async (isOver) => {
      try {
        if (isOver) await store.discard();
      } finally {
        await store.close();
      }
    },
  };
}
