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
  /** A deviation: the root of what is kept. */
  readonly isRoot: boolean;
  /** Flink adds and subtracts floats for it as records come and go. */
  readonly isRunning: boolean;
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
  /** Values that are not finite on Flink only, since something infinite has left a running sum. */
  readonly notFinite: number;
  /** The first few of them, in words. */
  readonly examples: readonly string[];
}

/** Allowed difference of floats, relative to the greater of them and at least to 1. */
export const floatTolerance = 1e-9;
/** What is left in a running sum of the greatest value that it held: its last bits. */
const residue = 2 ** -49;
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
  const counts = { equal: 0, differing: 0, missing: 0, extra: 0, notFinite: 0 };
  const judge: Judge = { columns, residues: residuesOf(columns, [ours, theirs]) };
  const examples: string[] = [];
  const say = (text: () => string): void => {
    if (examples.length < examplesMax) examples.push(text());
  };
  for (const id of new Set([...oursBy.keys(), ...theirsBy.keys()])) {
    const found = matched(judge, oursBy.get(id) ?? [], theirsBy.get(id) ?? []);
    const { onlyOurs, onlyTheirs, equal } = found;
    counts.equal += equal;
    counts.notFinite += found.notFinite;
    for (let i = 0; i < Math.max(onlyOurs.length, onlyTheirs.length); i++) {
      const a = onlyOurs[i];
      const b = onlyTheirs[i];
      if (a !== undefined && b !== undefined) {
        counts.differing++;
        say(() => `${named(columns, a)}: ${differenceText(judge, a, b)}`);
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

interface Judge {
  readonly columns: readonly ComparedColumn[];
  /** What may be left in each column besides its tolerance. */
  readonly residues: readonly number[];
}

/** Of columns: what may be left in a value, of a root in its square. */
function residuesOf(
  columns: readonly ComparedColumn[],
  sides: readonly (readonly ComparedRow[])[],
): readonly number[] {
  return columns.map(({ isRunning, isRoot }, i) => {
    let greatest = 0;
    for (const row of isRunning ? sides.flat() : []) {
      const value = row[i];
      if (typeof value === 'number' && Number.isFinite(value)) {
        greatest = Math.max(greatest, Math.abs(value));
      }
    }
    return (isRoot ? greatest ** 2 : greatest) * residue;
  });
}

interface Matched {
  readonly equal: number;
  readonly notFinite: number;
  readonly onlyOurs: readonly ComparedRow[];
  readonly onlyTheirs: readonly ComparedRow[];
}

function matched(
  judge: Judge,
  ours: readonly ComparedRow[],
  theirs: readonly ComparedRow[],
): Matched {
  const left = [...theirs];
  let notFinite = 0;
  const onlyOurs = ours.filter((row) => {
    const at = left.findIndex((other) => row.every((_, i) => isSame(judge, i, row, other)));
    if (at < 0) return true;
    const [other = []] = left.splice(at, 1);
    notFinite += row.filter(
      (value, i) => !Object.is(value, other[i]) && other[i] !== other[i],
    ).length;
    return false;
  });
  return { equal: ours.length - onlyOurs.length, notFinite, onlyOurs, onlyTheirs: left };
}

function isSame({ columns, residues }: Judge, i: number, ours: ComparedRow, theirs: ComparedRow) {
  const a = ours[i] ?? null;
  const b = theirs[i] ?? null;
  const column = columns[i];
  const isNumber = typeof a === 'number' && typeof b === 'number';
  if (column === undefined || !isNumber || column.type.kind === 'timestamp') return a === b;
  if (!Number.isFinite(a) || !Number.isFinite(b)) {
    return Object.is(a, b) || (column.isRunning && Number.isNaN(b));
  }
  const allowed = column.isSpread ? spreadTolerance : floatTolerance;
  const scale = Math.max(1, Math.abs(a), Math.abs(b));
  const left = residues[i] ?? 0;
  if (column.isRoot && Math.abs(a * a - b * b) <= left) return true;
  return Math.abs(a - b) <= allowed * scale + (column.isRoot ? 0 : left);
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

function differenceText(judge: Judge, a: ComparedRow, b: ComparedRow): string {
  return judge.columns
    .flatMap((column, i) =>
      isSame(judge, i, a, b)
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
