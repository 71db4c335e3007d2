// Faults of the kind that a checkpoint protocol must not have, put into the running code. A test that
// stays green with one of them in place proves nothing.
/* oxlint-disable typescript/unbound-method -- methods are taken off their classes and called with `this` */
import type { ManifestDraft } from '../../src/engine/checkpoint/manifest.ts';
import { CheckpointStore } from '../../src/engine/checkpoint/checkpoint-store.ts';
import { ViewBackend } from '../../src/engine/state/backend/view-backend.ts';
import { SourceTask } from '../../src/engine/task/source-task.ts';
import { Subtask } from '../../src/engine/task/subtask.ts';

export const plants = {
  /** Positions are noted when the manifest is written, not at the barrier: ahead of the state. */
  offsetsBeforeState: plantOffsetsBeforeState,
  /** The backend does not hear that keys were forgotten: they are there again after a restore. */
  lostTombstones: plantLostTombstones,
  /** The first subtask takes its snapshot some elements after the barrier. */
  skippedBarrier: plantSkippedBarrier,
} as const;

export type PlantName = keyof typeof plants;

/** Takes the fault out again. */
export type Weed = () => void;

function plantOffsetsBeforeState(): Weed {
  const tasks = new Map<string, SourceTask>();
  const { save } = SourceTask.prototype;
  const { commit } = CheckpointStore.prototype;
  SourceTask.prototype.save = function (this: SourceTask) {
    tasks.set(this.stream.name, this);
    return save.call(this);
  };
  CheckpointStore.prototype.commit = function (this: CheckpointStore, draft, pathOf) {
    const sources = Object.fromEntries([...tasks].map(([name, task]) => [name, save.call(task)]));
    const late: ManifestDraft = { ...draft, sources };
    return commit.call(this, late, pathOf);
  };
  return () => {
    SourceTask.prototype.save = save;
    CheckpointStore.prototype.commit = commit;
  };
}

function plantLostTombstones(): Weed {
  const { forgot } = ViewBackend.prototype;
  ViewBackend.prototype.forgot = () => undefined;
  return () => {
    ViewBackend.prototype.forgot = forgot;
  };
}

function plantSkippedBarrier(): Weed {
  const skipped = new WeakMap<Subtask, { readonly id: number; left: number }>();
  const { beginSnapshot, abortSnapshot, process, work } = Subtask.prototype;
  const later = (subtask: Subtask): void => {
    const barrier = skipped.get(subtask);
    if (barrier === undefined || barrier.left-- > 0) return;
    skipped.delete(subtask);
    beginSnapshot.call(subtask, barrier.id);
  };
  Subtask.prototype.beginSnapshot = function (this: Subtask, id) {
    if (this.stats().subtask > 0) return beginSnapshot.call(this, id);
    skipped.set(this, { id, left: 4 });
  };
  Subtask.prototype.abortSnapshot = function (this: Subtask) {
    skipped.delete(this);
    abortSnapshot.call(this);
  };
  Subtask.prototype.process = function (this: Subtask, views, batch) {
    process.call(this, views, batch);
    const barrier = skipped.get(this);
    if (barrier !== undefined) barrier.left = 0;
  };
  Subtask.prototype.work = function (this: Subtask) {
    later(this);
    return skipped.has(this) || work.call(this);
  };
  return () => Object.assign(Subtask.prototype, { beginSnapshot, abortSnapshot, process, work });
}
