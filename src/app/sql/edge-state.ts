// State of a query beside that of its view, in a checkpoint: the newest rows of groups, columns that wait
// for their row. Parts of a checkpoint are numbered; each query of a chain has two of them.
import { deserialize, serialize } from 'node:v8';
import type { SubtaskSnapshot } from '../../engine/checkpoint/subtask-snapshot.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import type { GroupRow } from './row-builder.ts';

export interface EdgeState {
  readonly groups: readonly (readonly [string, GroupRow])[];
  /** By the number of the record: its columns, and where it came from. */
  readonly passed: readonly (readonly [number, readonly Value[], string])[];
  readonly recordCount: number;
}

/** The number of the view's part of a query in its chain; its own comes behind it. */
export function viewPart(depth: number): number {
  return depth * 2;
}

/** Writes the state to a file of its own. */
export function writeEdges(files: StateFiles, name: string, state: EdgeState): number {
  const bytes = serialize(state);
  const file = files.create(name);
  file.append(bytes);
  file.close();
  return bytes.length;
}

export function readEdges(files: StateFiles, { head }: SubtaskSnapshot): EdgeState {
  const file = files.open(head.name);
  const bytes = new Uint8Array(file.size);
  file.readInto(bytes, 0, file.size, 0);
  file.close();
  return deserialize(bytes) as EdgeState;
}
