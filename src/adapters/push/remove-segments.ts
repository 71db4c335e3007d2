// Removing segments: only those that are complete and read to their end by every checkpoint that may be
// restored, and of these the ones that are older than what is retained, or that take too much room.
import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { PushPosition } from './push-position.ts';
import { logBytes } from './push-log.ts';
import { isComplete, type SegmentName } from './segment-name.ts';

export interface RemovalRules {
  readonly directory: string;
  readonly clock: Clock;
  readonly retainMs: number;
  readonly bytesMax: number;
}

export interface RemovalInput {
  readonly names: readonly SegmentName[];
  /** Positions of the checkpoints. */
  readonly needed: readonly PushPosition[];
}

const noteName = 'removed.json';

/** Removes what may go; returns what went. */
export async function removeSegments(
  { directory, clock, retainMs, bytesMax }: RemovalRules,
  { names, needed }: RemovalInput,
): Promise<readonly SegmentName[]> {
  if (needed.length === 0) return [];
  const removed: SegmentName[] = [];
  const nowMs = clock.nowMs();
  let bytes: number | null = null;
  for (const name of names) {
    if (!isComplete(name, names, nowMs)) continue;
    const path = join(directory, name.file);
    const { size } = await stat(path);
    const throughMs = readThrough(name, size, needed);
    if (throughMs === null) continue;
    bytes ??= await logBytes(directory);
    const isOld = nowMs - Math.max(throughMs, name.createdMs) > retainMs;
    if (!isOld && bytes < bytesMax * 0.9) continue;
    await noteRemoved(directory, throughMs);
    await unlink(path);
    bytes -= size;
    removed.push(name);
  }
  return removed;
}

/** When its last frame was written, if every checkpoint is past that; else null. */
function readThrough(
  { file }: SegmentName,
  size: number,
  needed: readonly PushPosition[],
): number | null {
  let throughMs = 0;
  for (const { files } of needed) {
    const position = files[file];
    if (position === undefined || position[0] < size) return null;
    throughMs = Math.max(throughMs, position[2]);
  }
  return throughMs;
}

/** Until when records are removed; −∞ when none ever were. */
export async function removedThroughMs(directory: string): Promise<number> {
  const text = await readFile(join(directory, noteName), 'utf8').catch(() => null);
  if (text === null) return Number.NEGATIVE_INFINITY;
  const { throughMs } = JSON.parse(text) as { readonly throughMs: number };
  return throughMs;
}

/** Written before anything is removed, so that an older position is refused rather than believed. */
async function noteRemoved(directory: string, throughMs: number): Promise<void> {
  const before = await removedThroughMs(directory);
  if (before >= throughMs) return;
  const path = join(directory, noteName);
  const handle = await open(`${path}.new`, 'w');
  try {
    await handle.writeFile(JSON.stringify({ throughMs }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}
