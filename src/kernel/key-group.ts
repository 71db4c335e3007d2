// Key groups: the unit in which keys are dealt to subtasks. A key's group follows from its hash and
// never changes; a subtask owns a range of groups that depends only on the parallelism. The top bits
// of the hash, because tables of keys use the low ones.

/** Number of key groups, so the greatest parallelism. State written before depends on it. */
export const keyGroupCount = 128;

/** Groups `first` to `end`, without `end`. */
export interface KeyGroupRange {
  readonly first: number;
  readonly end: number;
}

/** The group of a key with this `hashBytes`. */
export function keyGroupOf(hash: number): number {
  return hash >>> 25;
}

/** The groups of subtask `subtask` of `parallelism`. */
export function keyGroupsOf(subtask: number, parallelism: number): KeyGroupRange {
  return {
    first: Math.floor((subtask * keyGroupCount) / parallelism),
    end: Math.floor(((subtask + 1) * keyGroupCount) / parallelism),
  };
}
