// Corrections in the feature log: rows that are missing, and rows with the `as_of` of one that is
// wrong and a greater `_seq`. They appear together. Rows that are there are never touched.
import { toJsonValue } from '../../columns/read-value.ts';
import { tableFiles } from '../../formats/table/table-files.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { Recomputed, RecomputedRow } from '../../offline/recompute-keys.ts';
import { type ViewNode, featureFields } from '../../plan/plan.ts';
import type { Table } from '../../ports/table.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { isSameValue } from '../replay/same-value.ts';
import { storedViews } from '../stored-views.ts';
import { type ExistingRow, logCorrections } from './decide-corrections.ts';
import { vectorsOfRows } from './vectors-of-rows.ts';

/** Floats that were summed in another order differ in their last digits. */
export const tolerance = 1e-9;

const rowsPerBatch = 8192;

export interface LogCorrection {
  readonly view: ViewNode;
  readonly recomputed: Recomputed;
  readonly fromMs: number;
  /** When corrections became known. */
  readonly nowMs: number;
  readonly dryRun: boolean;
}

/** How many rows were written, or would be; 0 without a feature log. */
export async function correctLog(
  project: ResolvedProject,
  { view, recomputed, fromMs, nowMs, dryRun }: LogCorrection,
): Promise<number> {
  const { offline } = project.environment;
  if (offline === undefined) return 0;
  const place = placeOf(project);
  const paths = (await offline.files?.({ ...place, view: view.name, fromMs })) ?? [];
  const existing = new ExistingRows(view, recomputed, fromMs);
  for (const path of paths) existing.add(await tableFiles.read(path, new Map()));
  const corrections = [...recomputed.rows].flatMap(([key, rows]) =>
    logCorrections(rows, existing.of(key), fromMs, isSameLogged),
  );
  if (dryRun || corrections.length === 0) return corrections.length;
  const log = await offline.open({ ...place, views: storedViews(project.plan) });
  try {
    const inOrder = corrections.toSorted((a, b) => a.asOfMs - b.asOfMs);
    for (const rows of batches(inOrder)) await log.append(vectorsOfRows(view, rows, nowMs));
    await log.commit();
  } finally {
    await log.close();
  }
  return corrections.length;
}

function placeOf({ baseDirectory, variant }: ResolvedProject) {
  return { baseDirectory, ...(variant === null ? {} : { variant }) };
}

function* batches(rows: readonly RecomputedRow[]): Generator<readonly RecomputedRow[]> {
  for (let at = 0; at < rows.length; at += rowsPerBatch) yield rows.slice(at, at + rowsPerBatch);
}

/** The newest row per key and `as_of` of files that are read one after the other. */
class ExistingRows {
  readonly #view: ViewNode;
  readonly #recomputed: Recomputed;
  readonly #fromMs: number;
  readonly #byKey = new Map<string, Map<number, ExistingRow>>();

  constructor(view: ViewNode, recomputed: Recomputed, fromMs: number) {
    this.#view = view;
    this.#recomputed = recomputed;
    this.#fromMs = fromMs;
  }

  of(key: string): ReadonlyMap<number, ExistingRow> {
    return this.#byKey.get(key) ?? new Map();
  }

  add({ fields, columns, rowCount }: Table): void {
    const column = (name: string): readonly Value[] =>
      columns[fields.findIndex((field) => field.name === name)] ?? [];
    const [asOf, seq] = [column('as_of'), column('_seq')];
    const keys = this.#view.key.map(({ name, type }) => ({ name, type, values: column(name) }));
    const features = featureFields(this.#view).map(({ name }) => column(name));
    for (let row = 0; row < rowCount; row++) {
      const asOfMs = Number(asOf[row]);
      if (asOfMs < this.#fromMs) continue;
      const values = keys.map(({ name, type, values: of }) => {
        const value = of[row] ?? null;
        return [name, type.kind === 'int64' && value !== null ? BigInt(value as number) : value];
      });
      const key = Buffer.from(encodeKey(this.#view.key, Object.fromEntries(values)));
      this.#put(key.toString('latin1'), {
        asOfMs,
        seq: Number(seq[row]),
        values: features.map((of) => of[row] ?? null),
      });
    }
  }

  #put(key: string, row: ExistingRow): void {
    if (!this.#recomputed.rows.has(key)) return;
    const rows = this.#byKey.get(key) ?? new Map<number, ExistingRow>();
    this.#byKey.set(key, rows);
    const there = rows.get(row.asOfMs);
    if (there === undefined || there.seq < row.seq) rows.set(row.asOfMs, row);
  }
}

/** A value beside what a file gives back for it: nested ones as JSON text, counts as int64. */
function isSameLogged(recomputed: readonly Value[], logged: readonly Value[]): boolean {
  return recomputed.every((value, i) => {
    const there = logged[i] ?? null;
    if (typeof value === 'number' && typeof there === 'number') {
      return isSameValue(value, there, tolerance) || value === there;
    }
    return textOf(value, false) === textOf(there, typeof value === 'object' && value !== null);
  });
}

/** One text for equal values, whichever way they were read. */
function textOf(value: Value, isJson: boolean): string {
  const plain = isJson && typeof value === 'string' ? parsed(value) : toJsonValue(value);
  return JSON.stringify(canonical(plain));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function canonical(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, canonical(item)]));
}
