// How much of the state lies in memory, asked of the backends of this process: what a figure with a
// part of the keys in memory must say of itself. A run with worker threads has its state elsewhere.
import { SubtaskState } from '../../src/engine/state/backend/subtask-state.ts';
import { rounded } from './measure.ts';

/** Call it before the run begins; the result tells what part of the keys is in memory, or null. */
export function watchState(): () => number | null {
  const states = new Set<SubtaskState>();
  const { register } = SubtaskState.prototype;
  SubtaskState.prototype.register = function (viewUid, images) {
    states.add(this);
    return register.call(this, viewUid, images);
  };
  return () => {
    let entries = 0;
    let resident = 0;
    for (const state of states) {
      const stats = state.stats();
      entries += stats.entries;
      resident += stats.residentEntries;
    }
    return entries === 0 ? null : rounded(resident / entries, 3);
  };
}
