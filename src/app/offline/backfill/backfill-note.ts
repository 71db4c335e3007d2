// How far a backfill has come, as a small file: which part of the keys is done, and up to where the
// log is filled. Whoever starts it again goes on there; another definition begins anew.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { viewFingerprint } from '../../../plan/fingerprint.ts';
import type { ViewNode } from '../../../plan/plan.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { jobName } from '../../recovery/checkpoint-place.ts';

export interface BackfillNote {
  readonly fingerprint: string;
  /** Rows up to this instant are written where they are missing; null: all. */
  readonly untilMs: number | null;
  /** Into how many parts the keys are divided. */
  readonly parts: number;
  /** Parts before this one are done. */
  readonly next: number;
}

const folder = '.millrace/backfill';

function pathOf(project: ResolvedProject, view: ViewNode): string {
  return join(project.baseDirectory, folder, jobName(project), `${view.name}.json`);
}

/** Null when there is none, or it is of another definition. */
export async function readNote(
  project: ResolvedProject,
  view: ViewNode,
): Promise<BackfillNote | null> {
  const text = await readFile(pathOf(project, view), 'utf8').catch(() => null);
  if (text === null) return null;
  const note = JSON.parse(text) as BackfillNote;
  return note.fingerprint === viewFingerprint(project.plan, view) ? note : null;
}

export async function writeNote(
  project: ResolvedProject,
  view: ViewNode,
  note: Omit<BackfillNote, 'fingerprint'>,
): Promise<void> {
  const path = pathOf(project, view);
  await mkdir(dirname(path), { recursive: true });
  const fingerprint = viewFingerprint(project.plan, view);
  await writeFile(`${path}.unfinished`, JSON.stringify({ fingerprint, ...note }));
  await rename(`${path}.unfinished`, path);
}

export async function removeNote(project: ResolvedProject, view: ViewNode): Promise<void> {
  await rm(pathOf(project, view), { force: true });
}
