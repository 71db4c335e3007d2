// What a job goes on from: the newest checkpoint whose manifest is whole and whose state can be read, or
// the one that the sink names which decides.
// State files are fetched to where subtasks keep theirs; what else lies there is of a life that is
// over and goes. Nothing here touches sinks or sources.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import type { NamedCheckpoint } from '../checkpoint/decide-restore.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import { filesOf } from '../checkpoint/manifest-codec.ts';
import type { JobAuthority } from './job-output.ts';
import type { JobCheckpointOptions } from './job-spec.ts';
import type { ViewStage } from '../task/view-stage.ts';

export interface RecoveryOptions {
  readonly checkpoints: JobCheckpointOptions;
  /** Known already; null: none is asked. */
  readonly named: NamedCheckpoint | null | undefined;
  /** The sink that decides which checkpoint counts, if there is one. */
  readonly authority: JobAuthority | null;
  readonly files: StateFiles;
  /** A stage without state; called again when the state of a checkpoint turned out to be damaged. */
  readonly createStage: () => ViewStage;
}

export interface Recovered {
  readonly stage: ViewStage;
  /** Null: the job begins anew. */
  readonly manifest: Manifest | null;
}

/** A version that is not ours may be a flipped bit; where it is not, no older checkpoint will do either. */
const damage: ReadonlySet<string> = new Set([
  'MR_STATE_CORRUPT',
  'MR_STATE_MISSING',
  'MR_STATE_VERSION',
]);

/** Throws what `loadLatest` throws when no checkpoint is left, and what a definition's change forbids. */
export async function recoverStage(options: RecoveryOptions): Promise<Recovered> {
  const { checkpoints, files, createStage } = options;
  const { store, report = ignore, fetched } = checkpoints;
  const here = new Set(fetched);
  const refused = new Map<number, MillraceError>();
  const named = options.named === undefined ? await askAuthority(options) : options.named;
  for (;;) {
    const loaded = await store.loadLatest(named === null ? { refused } : { refused, named });
    for (const { id, message } of loaded.refused)
      report(`checkpoint ${id} is not used: ${message}`);
    const { manifest } = loaded;
    removeOthers(files, manifest);
    if (manifest !== null) {
      checkpoints.checkPlan?.(manifest.plan);
      await store.fetch(
        manifest,
        (file) => files.path(file),
        (file) => here.has(file),
      );
    }
    const stage = createStage();
    if (manifest === null) return { stage, manifest };
    try {
      await stage.restore(manifest.subtasks, manifest.plan.json);
      return { stage, manifest };
    } catch (error) {
      await stage.close();
      if (!(error instanceof MillraceError) || !damage.has(error.code)) throw error;
      refused.set(manifest.id, error);
    }
  }
}

/** Only the owner of the job may ask: asking shuts out everybody else. */
async function askAuthority({
  checkpoints,
  authority,
}: RecoveryOptions): Promise<NamedCheckpoint | null> {
  if (authority === null) return null;
  await checkpoints.store.confirm();
  return namedBy(authority);
}

/** What the sink that decides says, for the choice of a checkpoint. */
export async function namedBy({ sink, epochs }: JobAuthority): Promise<NamedCheckpoint> {
  const committed = await epochs.committed();
  return { sink, ...committed, hadCommitted: (state) => epochs.hadCommitted(state) };
}

function removeOthers(files: StateFiles, manifest: Manifest | null): void {
  const wanted = new Set(manifest === null ? [] : filesOf(manifest).keys());
  for (const { name } of files.list()) if (!wanted.has(name)) files.remove(name);
}

function ignore(): void {
  // Nobody listens.
}
