// What a job goes on from: the newest checkpoint whose manifest is whole and whose state can be read.
// State files are fetched to where subtasks keep theirs; what else lies there is of a life that is
// over and goes. Nothing here touches sinks or sources.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import { filesOf } from '../checkpoint/manifest-codec.ts';
import type { JobCheckpointOptions } from './job-spec.ts';
import type { ViewStage } from '../task/view-stage.ts';

export interface RecoveryOptions {
  readonly checkpoints: JobCheckpointOptions;
  readonly files: StateFiles;
  /** A stage without state; called again when the state of a checkpoint turned out to be damaged. */
  readonly createStage: () => ViewStage;
}

export interface Recovered {
  readonly stage: ViewStage;
  /** Null: the job begins anew. */
  readonly manifest: Manifest | null;
}

const damage: ReadonlySet<string> = new Set(['MR_STATE_CORRUPT', 'MR_STATE_MISSING']);

/** Throws what `loadLatest` throws when no checkpoint is left, and what a definition's change forbids. */
export async function recoverStage(options: RecoveryOptions): Promise<Recovered> {
  const { checkpoints, files, createStage } = options;
  const { store, report = ignore, fetched } = checkpoints;
  const here = new Set(fetched);
  const refused = new Map<number, MillraceError>();
  for (;;) {
    const loaded = await store.loadLatest({ refused });
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

function removeOthers(files: StateFiles, manifest: Manifest | null): void {
  const wanted = new Set(manifest === null ? [] : filesOf(manifest).keys());
  for (const { name } of files.list()) if (!wanted.has(name)) files.remove(name);
}

function ignore(): void {
  // Nobody listens.
}
