// The savepoints of an environment's job, for people: made from what runs, or from the newest
// checkpoint when nothing does; listed; dropped.
import {
  type CheckpointStore,
  openCheckpointStore,
} from '../../engine/checkpoint/checkpoint-store.ts';
import type { Manifest } from '../../engine/checkpoint/manifest.ts';
import { dropSavepoint, listSavepoints } from '../../engine/checkpoint/savepoints.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from './checkpoint-place.ts';
import { isRunningHere } from './job-state.ts';
import { requestSavepoint } from './savepoint-requests.ts';

/** How often a job that has its checkpoints in use is asked. */
const attempts = 6;

/** Options of `app.savepoints.create`. */
export interface SavepointOptions {
  /** Stop the job that runs once the savepoint is there. Default false. */
  readonly stop?: boolean;
}

/** A savepoint as it is listed. */
export interface SavepointInfo {
  readonly name: string;
  /** Id of the checkpoint that it was made from; null when it cannot be read. */
  readonly checkpoint: number | null;
  readonly created_at_ms: number | null;
  readonly parallelism: number | null;
  /** Why it cannot be used; null when it can. */
  readonly problem: string | null;
}

/** What was made. */
export interface SavepointResult {
  readonly name: string;
  readonly checkpoint: number;
  /** True when a running job made it. */
  readonly live: boolean;
}

/** Savepoints of an environment. */
export interface Savepoints {
  /** Of the job that runs, here or in another process, or of its newest checkpoint. */
  create(name: string, options?: SavepointOptions): Promise<SavepointResult>;
  list(): Promise<readonly SavepointInfo[]>;
  drop(name: string): Promise<void>;
}

export function savepointsOf(project: ResolvedProject): Savepoints {
  const job = jobName(project);
  return {
    create: (name, options = {}) => create(project, name, options.stop === true),
    list: async () => {
      const found = await listSavepoints(checkpointStorageOf(project), job);
      return found.map(({ name, state }) => infoOf(name, state));
    },
    drop: (name) => dropSavepoint(checkpointStorageOf(project), job, name),
  };
}

/** A job may end, or begin, while it is asked: then the other way is tried. */
async function create(
  project: ResolvedProject,
  name: string,
  stop: boolean,
): Promise<SavepointResult> {
  const storage = checkpointStorageOf(project);
  const job = jobName(project);
  const clock = systemClock;
  for (let left = attempts; left > 0; left--) {
    const store = isRunningHere(project) ? null : await openUnused({ storage, job, clock });
    if (store !== null) return ofNewest(store, name, storage.description);
    const request = { storage, jobName: job, clock };
    const checkpoint = await requestSavepoint(request, { name, stop });
    if (checkpoint !== null) return { name, checkpoint, live: true };
  }
  const message = `nobody answers for job "${job}", though its checkpoints are in use`;
  throw new MillraceError('MR_CHECKPOINT_FAILED', message, {
    fix: 'if the process is dead, wait until its lease has run out and ask again',
  });
}

async function ofNewest(
  store: CheckpointStore,
  name: string,
  place: string,
): Promise<SavepointResult> {
  try {
    const { manifest } = await store.loadLatest();
    if (manifest === null) throw nothingToSave(place);
    await store.saveAs(name, manifest);
    return { name, checkpoint: manifest.id, live: false };
  } finally {
    await store.close();
  }
}

/** Null when a process runs the job. */
function openUnused(
  options: Parameters<typeof openCheckpointStore>[0],
): Promise<CheckpointStore | null> {
  return openCheckpointStore(options).catch((error: unknown) => {
    if (error instanceof MillraceError && error.code === 'MR_CHECKPOINT_IN_USE') return null;
    throw error;
  });
}

function nothingToSave(place: string): MillraceError {
  return new MillraceError('MR_CHECKPOINT_MISSING', `the job has no checkpoint in ${place}`, {
    fix: 'run it first',
  });
}

function infoOf(name: string, state: Manifest | MillraceError): SavepointInfo {
  if (state instanceof MillraceError) {
    const unknown = { checkpoint: null, created_at_ms: null, parallelism: null };
    return { name, ...unknown, problem: state.message };
  }
  const { id: checkpoint, createdAtMs: created_at_ms, parallelism } = state;
  return { name, checkpoint, created_at_ms, parallelism, problem: null };
}
