// What a run needs to keep state: the lease on its checkpoints, the folder of its state files, where
// it goes on from. Opened before any sink, so that a job that runs elsewhere is not disturbed.
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileStateFiles } from '../../adapters/file/state/state-files.ts';
import { threadStateFiles } from '../../adapters/file/state/thread-state-files.ts';
import {
  type CheckpointStore,
  openCheckpointStore,
} from '../../engine/checkpoint/checkpoint-store.ts';
import type { NamedCheckpoint } from '../../engine/checkpoint/decide-restore.ts';
import type { Manifest } from '../../engine/checkpoint/manifest.ts';
import {
  parseSavepointReference,
  readSavepoint,
  type Savepoint,
} from '../../engine/checkpoint/savepoints.ts';
import type { JobAuthority } from '../../engine/job/job-output.ts';
import { namedBy } from '../../engine/job/job-recovery.ts';
import type { JobSpec, JobStateOptions } from '../../engine/job/job-spec.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { seededRandom } from '../../kernel/random.ts';
import { planFingerprint } from '../../plan/fingerprint.ts';
import { planFromJson } from '../../plan/plan-json.ts';
import type { Plan } from '../../plan/plan.ts';
import { comparePlans } from '../../plan/upgrade/compare-plans.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import type { CheckpointSettings } from '../config/run-settings.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from './checkpoint-place.ts';
import { standBy } from './stand-by.ts';
import { storageAt } from './storage-at.ts';

export interface JobStateRequest {
  /** The job begins anew: its checkpoints are dropped. */
  readonly isFresh: boolean;
  /** The sink that decides which checkpoint counts; null: the newest whole one does. */
  readonly authority: JobAuthority | null;
  /** An older checkpoint than the one it names will do. */
  readonly acceptsDuplicates: boolean;
  /** The savepoint to begin with. */
  readonly fromSavepoint: string | null;
  /** False: the run takes no checkpoints although the environment says so. */
  readonly takesCheckpoints: boolean;
  readonly parallelism: number;
  /** Wait while another process runs the job, with its checkpoints at hand; null: that is an error. */
  readonly standBy: AbortSignal | null;
  readonly clock: Clock;
  readonly report: (message: string) => void;
}

/** Jobs that run in this process: their leases are not told apart from one left by a process that died. */
const runningHere = new Set<string>();

/** Whether this process runs the job. */
export function isRunningHere(project: ResolvedProject): boolean {
  return runningHere.has(placeOf(project));
}

function placeOf(project: ResolvedProject): string {
  return `${checkpointStorageOf(project).description} ${jobName(project)}`;
}

/** What is open for a run. */
export interface JobState {
  /** Null when the run takes no checkpoints. */
  readonly store: CheckpointStore | null;
  readonly storage: CheckpointStorage | null;
  /** It goes on with state of other definitions: rows of the store that look otherwise are made anew. */
  readonly isUpgraded: boolean;
  readonly spec: Pick<JobSpec, 'parallelism' | 'state' | 'checkpoints' | 'restart' | 'random'>;
  /** `isWell`: the run ended or was stopped, without a failure. */
  close(isWell: boolean): Promise<void>;
}

/** Null when it stood by and was stopped. */
export async function openJobState(
  project: ResolvedProject,
  request: JobStateRequest,
): Promise<JobState | null> {
  const { checkpoints } = project.settings;
  if (checkpoints === null || !request.takesCheckpoints) {
    const needsCheckpoints = request.fromSavepoint !== null || request.standBy !== null;
    if (needsCheckpoints) checkpointStorageOf(project);
    return withoutCheckpoints(project, request);
  }
  return withCheckpoints(project, checkpoints, request);
}

function withoutCheckpoints(
  { settings, baseDirectory }: ResolvedProject,
  { parallelism, clock }: JobStateRequest,
): JobState {
  const { state } = settings;
  const none = { store: null, storage: null, isUpgraded: false };
  if (state.backend === 'memory') {
    return { ...none, spec: { parallelism }, close: () => Promise.resolve() };
  }
  const name = `run-${process.pid}-${clock.nowMs()}`;
  const directory = join(resolve(baseDirectory, state.directory), name);
  return {
    ...none,
    spec: { parallelism, state: stateIn(directory, state.memoryBytesMax) },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A job that is this process's. */
interface TakenJob {
  readonly store: CheckpointStore;
  readonly storage: CheckpointStorage;
  readonly state: JobStateOptions;
  readonly fetched: ReadonlySet<string>;
  /** Gives the lease back, and leaves nothing behind that only this run needed. */
  close(): Promise<void>;
}

/** Takes the lease of the job, or waits for it; null when that was stopped. */
async function takeJob(
  project: ResolvedProject,
  { retain }: CheckpointSettings,
  { clock, report, standBy: signal }: JobStateRequest,
): Promise<TakenJob | null> {
  const { settings, baseDirectory } = project;
  const storage = checkpointStorageOf(project);
  const job = jobName(project);
  const place = placeOf(project);
  if (runningHere.has(place)) {
    throw new MillraceError('MR_CHECKPOINT_IN_USE', `this process runs job "${job}" already`, {
      fix: 'wait for that run, or stop it',
    });
  }
  runningHere.add(place);
  // On one machine who stands by must not write where the running job has its files.
  const folder = signal === null ? job : `${job}.standby-${process.pid}`;
  const directory = join(resolve(baseDirectory, settings.state.directory), folder);
  const state = stateIn(directory, settings.state.memoryBytesMax);
  const open = (): Promise<CheckpointStore> =>
    openCheckpointStore({ storage, job, clock, retain, report });
  const leave = async (): Promise<void> => {
    runningHere.delete(place);
    if (signal !== null) await rm(directory, { recursive: true, force: true });
  };
  try {
    const taken =
      signal === null
        ? { store: await open(), fetched: new Set<string>() }
        : await standBy({ storage, job, files: state.files, clock, signal, report, open });
    if (taken === null) {
      await leave();
      return null;
    }
    const close = async (): Promise<void> => {
      try {
        await taken.store.close();
      } finally {
        await leave();
      }
    };
    return { ...taken, storage, state, close };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function withCheckpoints(
  project: ResolvedProject,
  checkpoints: CheckpointSettings,
  request: JobStateRequest,
): Promise<JobState | null> {
  const { clock, report, parallelism } = request;
  const taken = await takeJob(project, checkpoints, request);
  if (taken === null) return null;
  const { store, storage, state, fetched } = taken;
  try {
    if (request.isFresh) await store.discard();
    if (request.fromSavepoint !== null) await beginWith(store, project, request.fromSavepoint);
    const named = await namedCheckpoint(store, request);
    const isUpgraded = await checkRestored(store, { plan: project.plan, named, report });
    const checkPlan = planCheck(project.plan, () => undefined);
    return {
      store,
      storage,
      isUpgraded,
      spec: {
        parallelism,
        state,
        checkpoints: { ...checkpoints, store, checkPlan, report, fetched, named },
        restart: project.settings.restart,
        random: seededRandom(clock.nowMs()),
      },
      close: async (isWell) => {
        try {
          if (isWell && !checkpoints.retainOnStop) await store.discard();
        } finally {
          await taken.close();
        }
      },
    };
  } catch (error) {
    await taken.close();
    throw error;
  }
}

/** What decides about the first restore: a state that the user has chosen needs nobody else. */
async function namedCheckpoint(
  store: CheckpointStore,
  { authority, isFresh, fromSavepoint, acceptsDuplicates }: JobStateRequest,
): Promise<NamedCheckpoint | null> {
  if (authority === null || isFresh || fromSavepoint !== null) return null;
  await store.confirm();
  return { ...(await namedBy(authority)), acceptsDuplicates };
}

interface RestoredCheck {
  readonly plan: Plan;
  readonly named: NamedCheckpoint | null;
  readonly report: (message: string) => void;
}

/** Before anything is opened: whether the state fits the definitions; true when they have changed. */
async function checkRestored(
  store: CheckpointStore,
  { plan, named, report }: RestoredCheck,
): Promise<boolean> {
  const { manifest } = await store.loadLatest(named === null ? {} : { named });
  if (manifest === null) return false;
  planCheck(plan, report)(manifest.plan);
  return manifest.plan.fingerprint !== planFingerprint(plan);
}

function stateIn(directory: string, memoryBytesMax: number | null): JobStateOptions {
  const files = fileStateFiles(directory);
  return { files, threads: threadStateFiles(directory), memoryBytesMax };
}

/** Makes the savepoint the newest checkpoint of the job. */
async function beginWith(
  store: CheckpointStore,
  project: ResolvedProject,
  text: string,
): Promise<void> {
  const job = jobName(project);
  const reference = parseSavepointReference(text, job);
  const own = checkpointStorageOf(project);
  const storage =
    reference.directory === null ? own : storageAt(reference.directory, project.baseDirectory);
  if (storage.description !== own.description) {
    throw new MillraceError('MR_SAVEPOINT_NOT_FOUND', `"${text}" lies in ${storage.description}`, {
      fix: `copy it to ${own.description}, where the job has its checkpoints`,
    });
  }
  const savepoint = await readSavepoint(own, reference);
  await store.loadLatest();
  await store.adopt(reference.job === job ? savepoint : withoutSinks(savepoint));
}

/** What the sinks of another job had prepared means nothing here. */
function withoutSinks(savepoint: Savepoint): Savepoint {
  return { ...savepoint, manifest: { ...savepoint.manifest, sinks: {} } };
}

/** Says what becomes of state of changed definitions; throws MR_STATE_SCHEMA when it is refused. */
function planCheck(
  plan: Plan,
  report: (message: string) => void,
): (saved: Manifest['plan']) => void {
  return ({ json }) => {
    const { views, isRestorable } = comparePlans(planFromJson(JSON.stringify(json)), plan);
    const changes = views.flatMap(({ view, fate, note, features }) => [
      { what: `view "${view}"`, fate, note },
      ...features.map((f) => ({
        what: `feature "${view}.${f.feature}"`,
        fate: f.fate,
        note: f.note,
      })),
    ]);
    const said = changes
      .filter(({ fate }) => (isRestorable ? fate !== 'kept' : fate === 'refused'))
      .map(({ what, fate, note }) => `${what} ${note} (${fate})`);
    if (isRestorable) {
      for (const line of said) report(line);
      return;
    }
    const message = `the checkpoint's state cannot be used: ${said.join('; ')}`;
    throw new MillraceError('MR_STATE_SCHEMA', message, {
      fix: 'take the change back, say in the view what becomes of its state, or use --fresh-state',
    });
  };
}
