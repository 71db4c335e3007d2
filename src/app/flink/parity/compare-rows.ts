// Rows of one window, the engine's beside Flink's. Rows belong together by key and instant; several of
// one key and instant are a multiset: the order among them is nobody's promise.
import type { FieldType } from '../../../kernel/types/field-type.ts';
import type { Canonical } from './canonical-value.ts';

/** A column that rows are compared in. */
export interface ComparedColumn {
  readonly name: string;
  readonly type: FieldType;
  /** Rows are found by it: part of the key, or the row's instant. */
  readonly isIdentity: boolean;
  /** A spread, of which Flink keeps fewer digits. */
  readonly isSpread: boolean;
}

/** Values in the order of the columns. */
export type ComparedRow = readonly Canonical[];

/** What became of the rows of one window. */
export interface RowComparison {
  readonly equal: number;
  readonly differing: number;
  /** Rows that only the engine has. */
  readonly missing: number;
  /** Rows that only Flink has. */
  readonly extra: number;
  /** The first few of them, in words. */
  readonly examples: readonly string[];
}

/** Allowed difference of floats, relative to the greater of them and at least to 1. */
export const floatTolerance = 1e-9;
/** The same of deviations and variances, which Flink makes from sums of squares. */
export const spreadTolerance = 1e-4;

const examplesMax = 5;

export function compareRows(
  columns: readonly ComparedColumn[],
  ours: readonly ComparedRow[],
  theirs: readonly ComparedRow[],
): RowComparison {
  const identity = (row: ComparedRow): string =>
    JSON.stringify(row.filter((_, i) => columns[i]?.isIdentity));
  const oursBy = Map.groupBy(ours, identity);
  const theirsBy = Map.groupBy(theirs, identity);
  const counts = { equal: 0, differing: 0, missing: 0, extra: 0 };
  const examples: string[] = [];
  const say = (text: () => string): void => {
    if (examples.length < examplesMax) examples.push(text());
  };
  for (const id of new Set([...oursBy.keys(), ...theirsBy.keys()])) {
    const { onlyOurs, onlyTheirs, equal } = matched(
      columns,
      oursBy.get(id) ?? [],
      theirsBy.get(id) ?? [],
    );
    counts.equal += equal;
    for (let i = 0; i < Math.max(onlyOurs.length, onlyTheirs.length); i++) {
      const a = onlyOurs[i];
      const b = onlyTheirs[i];
      if (a !== undefined && b !== undefined) {
        counts.differing++;
        say(() => `${named(columns, a)}: ${differenceText(columns, a, b)}`);
      } else if (a !== undefined) {
        counts.missing++;
        say(() => `${named(columns, a)}: Flink has no such row; engine ${valuesText(columns, a)}`);
      } else if (b !== undefined) {
        counts.extra++;
        say(() => `${named(columns, b)}: only Flink has it: ${valuesText(columns, b)}`);
      }
    }
  }
  return { ...counts, examples };
}

interface Matched {
  readonly equal: number;
  readonly onlyOurs: readonly ComparedRow[];
  readonly onlyTheirs: readonly ComparedRow[];
}

function matched(
  columns: readonly ComparedColumn[],
  ours: readonly ComparedRow[],
  theirs: readonly ComparedRow[],
): Matched {
  const left = [...theirs];
  const onlyOurs = ours.filter((row) => {
    const at = left.findIndex((other) => isSameRow(columns, row, other));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return { equal: ours.length - onlyOurs.length, onlyOurs, onlyTheirs: left };
}

function isSameRow(columns: readonly ComparedColumn[], a: ComparedRow, b: ComparedRow): boolean {
  return columns.every((column, i) => isSame(column, a[i] ?? null, b[i] ?? null));
}

function isSame({ type, isSpread }: ComparedColumn, a: Canonical, b: Canonical): boolean {
  if (typeof a !== 'number' || typeof b !== 'number' || type.kind === 'timestamp') return a === b;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Object.is(a, b);
  const allowed = isSpread ? spreadTolerance : floatTolerance;
  return Math.abs(a - b) <= allowed * Math.max(1, Math.abs(a), Math.abs(b));
}

function named(columns: readonly ComparedColumn[], row: ComparedRow): string {
  return columns
    .flatMap((column, i) => (column.isIdentity ? [`${column.name} ${shown(column, row[i])}`] : []))
    .join(', ');
}

function valuesText(columns: readonly ComparedColumn[], row: ComparedRow): string {
  return columns
    .flatMap((column, i) => (column.isIdentity ? [] : [`${column.name} ${shown(column, row[i])}`]))
    .join(', ');
}

function differenceText(
  columns: readonly ComparedColumn[],
  a: ComparedRow,
  b: ComparedRow,
): string {
  return columns
    .flatMap((column, i) =>
      isSame(column, a[i] ?? null, b[i] ?? null)
        ? []
        : [`${column.name} engine ${shown(column, a[i])}, Flink ${shown(column, b[i])}`],
    )
    .join('; ');
}

function shown({ type }: ComparedColumn, value: Canonical | undefined): string {
  if (type.kind === 'timestamp' && typeof value === 'number' && Math.abs(value) <= 8.64e15) {
    return new Date(value).toISOString();
  }
  return typeof value === 'number' ? String(value) : JSON.stringify(value ?? null);
}
