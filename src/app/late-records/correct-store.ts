// Corrections in the online store, beside the job that writes it: a row is replaced only while it is
// the one that was looked at. What the job writes later is newer and stays.
import { createRowReader } from '../../columns/packed-row-reader.ts';
import { packRows } from '../../columns/packed-row-writer.ts';
import { versionOf } from '../../columns/packed-row.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { Recomputed, RecomputedRow } from '../../offline/recompute-keys.ts';
import { viewFingerprint } from '../../plan/fingerprint.ts';
import { type ViewNode, featureFields } from '../../plan/plan.ts';
import type { RowReplacement, StoreRows } from '../../ports/store-jobs.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { jobOfVariant, openRows } from '../replay/job-rows.ts';
import { isSameValue } from '../replay/same-value.ts';
import { tolerance } from './correct-log.ts';
import { type ExistingRow, storeCorrection } from './decide-corrections.ts';
import { vectorsOfRows } from './vectors-of-rows.ts';

const pageKeys = 512;
/** How often rows that the job has replaced meanwhile are looked at again. */
const attemptsMax = 20;

export interface StoreCorrection {
  readonly view: ViewNode;
  readonly recomputed: Recomputed;
  readonly nowMs: number;
  readonly dryRun: boolean;
  /** What has to be written for a key; default: its newest row, wherever values differ. */
  readonly decide?: typeof storeCorrection;
}

/** How many rows were written, or would be; 0 without an online store. */
export async function correctStore(
  project: ResolvedProject,
  correction: StoreCorrection,
): Promise<number> {
  if (project.environment.online === undefined) return 0;
  const store = await openRows(project, jobOfVariant(project.variant));
  try {
    checkDefinition(project, correction.view, store);
    const keys = [...correction.recomputed.rows.keys()];
    let written = 0;
    for (let at = 0; at < keys.length; at += pageKeys) {
      written += await correctPage(store, correction, keys.slice(at, at + pageKeys));
    }
    return written;
  } finally {
    await store.close();
  }
}

/** The greatest `as_of` that the store has for the view's keys; −∞ without one. */
export async function greatestAsOfMs(project: ResolvedProject, view: ViewNode): Promise<number> {
  if (project.environment.online === undefined) return Number.NEGATIVE_INFINITY;
  const store = await openRows(project, jobOfVariant(project.variant));
  try {
    let greatest = Number.NEGATIVE_INFINITY;
    for await (const { row } of store.scan(view.name)) {
      greatest = Math.max(greatest, versionOf(row).asOfMs);
    }
    return greatest;
  } finally {
    await store.close();
  }
}

function checkDefinition({ plan }: ResolvedProject, view: ViewNode, store: StoreRows): void {
  const stored = store.views.find((known) => known.view === view.name);
  if (stored === undefined || stored.fingerprint === viewFingerprint(plan, view)) return;
  throw new MillraceError('MR_STORE_SCHEMA', `rows of "${view.name}" have another definition`, {
    fix: 'run the job with the definitions of today first',
  });
}

async function correctPage(
  store: StoreRows,
  { view, recomputed, nowMs, dryRun, decide = storeCorrection }: StoreCorrection,
  page: readonly string[],
): Promise<number> {
  let keys = page;
  let written = 0;
  for (let tries = 0; keys.length > 0 && tries < attemptsMax; tries++) {
    const bytes = keys.map((key) => Buffer.from(key, 'latin1'));
    const rows = await store.read(view.name, bytes);
    const replacements = keys.flatMap((key, i) => {
      const there = existingOf(view, rows[i] ?? null);
      const row = decide(recomputed.rows.get(key) ?? [], there, isSameStored);
      return row === null ? [] : [replacement(view, row, there, nowMs)];
    });
    if (dryRun || replacements.length === 0) return written + replacements.length;
    const done = await store.replace(view.name, replacements);
    written += done.filter(Boolean).length;
    const refused = replacements.filter((_, i) => done[i] !== true);
    keys = refused.map(({ key }) => Buffer.from(key).toString('latin1'));
  }
  return written;
}

function existingOf(view: ViewNode, row: Uint8Array | null): ExistingRow | null {
  if (row === null) return null;
  const fields = featureFields(view);
  const reader = createRowReader(fields);
  return { ...versionOf(row), values: fields.map((_, i) => reader.value(row, i)) };
}

function replacement(
  view: ViewNode,
  row: RecomputedRow,
  there: ExistingRow | null,
  nowMs: number,
): RowReplacement {
  const [packed] = packRows(vectorsOfRows(view, [row], nowMs), [0]);
  const expected = there === null ? null : { asOfMs: there.asOfMs, seq: there.seq };
  return { key: Buffer.from(row.key, 'latin1'), row: packed ?? null, expected };
}

function isSameStored(recomputed: readonly Value[], stored: readonly Value[]): boolean {
  return recomputed.every((value, i) => isSameValue(value, stored[i] ?? null, tolerance));
}
