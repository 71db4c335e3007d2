// A source that plays a script: which rows come when from which split, where it has nothing, where a
// record fails, how it ends. Splits are read independently, each in the order of its own steps.
import type { DecodedBatch } from '../columns/batch.ts';
import { columnForField, ensureRows } from '../columns/column-builder.ts';
import { putValue } from '../columns/put-value.ts';
import type { JsonValue } from '../kernel/json-value.ts';
import type { RowType, Value } from '../kernel/types/field-type.ts';
import type { RecordError } from '../ports/dead-letter-sink.ts';
import type { Source, SourceSplit, SplitRead } from '../ports/source.ts';

/** One thing that a split of a script does. */
export type ScriptStep =
  /** A record; a batch takes as many neighbouring ones as asked for. */
  | { readonly kind: 'row'; readonly row: Readonly<Record<string, Value>> }
  /** A record that could not be decoded. */
  | { readonly kind: 'error'; readonly error: RecordError }
  /** Nothing now: one read gives `empty`. */
  | { readonly kind: 'empty' }
  /** The read fails with this error. */
  | { readonly kind: 'throw'; readonly error: Error };

/** The script of a source. */
export interface ScriptedSourceOptions {
  /** Steps of each split, by the split's id. */
  readonly splits: Readonly<Record<string, readonly ScriptStep[]>>;
  /** True (the default): a split ends after its last step. False: it is empty for ever. */
  readonly bounded?: boolean;
}

/** A source for tests: plays the given steps; offsets count the rows and errors of a split from 0. */
export function scriptedSource(options: ScriptedSourceOptions): Source {
  const bounded = options.bounded ?? true;
  return {
    description: `script of ${Object.keys(options.splits).length} splits`,
    bounded,
    open: ({ rowType, startAt }) =>
      Promise.resolve(
        Object.entries(options.splits).map(([id, steps]) =>
          scriptedSplit(id, steps, { rowType, bounded, start: startOf(startAt.get(id)) }),
        ),
      ),
  };
}

/** Where a split is: at which step, and how many records came before it. */
interface ScriptPlace {
  readonly step: number;
  readonly offset: number;
}

function startOf(position: JsonValue | undefined): ScriptPlace {
  return position === undefined ? { step: 0, offset: 0 } : (position as unknown as ScriptPlace);
}

interface SplitOptions {
  readonly rowType: RowType;
  readonly bounded: boolean;
  readonly start: ScriptPlace;
}

function scriptedSplit(
  id: string,
  steps: readonly ScriptStep[],
  { rowType, bounded, start }: SplitOptions,
): SourceSplit {
  let at = start.step;
  let { offset } = start;
  return {
    id,
    next(rowCountMax) {
      const step = steps[at];
      if (step === undefined) return Promise.resolve({ kind: bounded ? 'end' : 'empty' });
      if (step.kind === 'empty' || step.kind === 'throw') {
        at++;
        if (step.kind === 'throw') return Promise.reject(step.error);
        return Promise.resolve({ kind: 'empty' });
      }
      const read = takeRecords(steps, at, rowCountMax);
      at += read.length;
      offset += read.length;
      const rows = toRead(rowType, read, offset - read.length);
      return Promise.resolve({ ...rows, position: { step: at, offset } });
    },
    close: () => Promise.resolve(),
  };
}

type RecordStep = Extract<ScriptStep, { kind: 'row' | 'error' }>;

type RowsRead = Omit<Extract<SplitRead, { kind: 'rows' }>, 'position'>;

function takeRecords(
  steps: readonly ScriptStep[],
  start: number,
  rowCountMax: number,
): readonly RecordStep[] {
  const taken: RecordStep[] = [];
  for (let i = start; i < steps.length && taken.length < rowCountMax; i++) {
    const step = steps[i];
    if (step?.kind !== 'row' && step?.kind !== 'error') break;
    taken.push(step);
  }
  return taken;
}

function toRead(rowType: RowType, steps: readonly RecordStep[], firstOffset: number): RowsRead {
  const rows = steps.flatMap((step, i) =>
    step.kind === 'row' ? [{ row: step.row, offset: firstOffset + i }] : [],
  );
  const errors = steps.flatMap((step, i) =>
    step.kind === 'error' ? [{ ...step.error, offset: firstOffset + i }] : [],
  );
  return { kind: 'rows', batch: decodedBatch(rowType, rows), errors };
}

function decodedBatch(
  rowType: RowType,
  rows: readonly { readonly row: Readonly<Record<string, Value>>; readonly offset: number }[],
): DecodedBatch {
  const columns = rowType.fields.map((field) => {
    const builder = columnForField(field);
    ensureRows(builder, rows.length);
    rows.forEach(({ row }, i) => {
      putValue(builder, field.type, i, row[field.name] ?? null);
    });
    return builder;
  });
  const offsets = Float64Array.from(rows, ({ offset }) => offset);
  return { fields: rowType.fields, columns, rowCount: rows.length, offsets };
}
