// Features computed while they are read: stored rows and columns of the request in, packed rows out,
// so that whoever writes stored rows writes these. They have no event time of their own (epoch 0, as
// Feast says it), and what they were computed of decides their status.
import { compileOnDemand, type OnDemandProgram } from '../../codegen/compile-on-demand.ts';
import { type Column } from '../../columns/column.ts';
import {
  type FieldLoader,
  fieldLoader,
  type MaybeRows,
  viewedRows,
} from '../../columns/decode/packed-row-columns.ts';
import { createRowJsonWriter } from '../../columns/packed-row-json.ts';
import { createRowReader } from '../../columns/packed-row-reader.ts';
import { createRowPacker } from '../../columns/packed-row-writer.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import {
  inputsRead,
  onDemandInputs,
  onDemandKey,
  storedColumn,
} from '../../plan/on-demand-inputs.ts';
import type { OnDemandViewNode, Plan } from '../../plan/plan.ts';
import { eventTimeMsOf } from '../../columns/packed-row.ts';
import { isOutsideMaxAge } from './feature-status.ts';
import { type ServedRowFields, type ServedView, checkRow } from './served-view.ts';

export interface ServedOnDemand extends ServedRowFields {
  readonly node: OnDemandViewNode;
  /** The stored views that its features read. */
  readonly sources: readonly ServedView[];
  /** Join keys of those. */
  readonly key: readonly Field[];
  /** Computes all its features of each row. */
  compute(input: ComputeInput): ComputedRows;
}

/** What rows are computed of. */
export interface ComputeInput {
  readonly rowCount: number;
  /** A column of the request by its name. */
  readonly request: ReadonlyMap<string, Column>;
  /** Rows of the view `sources[i]`, in the order of the request. */
  readonly stored: readonly MaybeRows[];
  readonly nowMs: number;
}

/** How a computed row is looked at: as it is, or because of what it was computed of. */
export const computedCodes = { fresh: 0, missing: 1, outside: 2 } as const;

export interface ComputedRows {
  readonly rows: readonly Uint8Array[];
  /** One of `computedCodes` per feature and row. */
  readonly codes: readonly Uint8Array[];
  readonly failureCount: number;
}

/** An on-demand view ready to compute; `views` are those of its plan. */
export function createServedOnDemand(
  plan: Plan,
  node: OnDemandViewNode,
  views: ReadonlyMap<string, ServedView>,
): ServedOnDemand {
  const { stored } = inputsRead(node);
  const names = node.from.filter((name) => stored.some(({ view }) => view === name));
  const sources = names.flatMap((name) => views.get(name) ?? []);
  const program = compileOnDemand(node.features, onDemandInputs(plan, node));
  const loaders = program.inputs.map((input) => loaderOf(input, sources));
  const readBy = node.features.map(({ name }) =>
    inputsRead(node, [name]).stored.map(({ view }) => names.indexOf(view)),
  );
  const fields = node.features.map(({ name, type }) => ({ name, type, nullable: true }));
  const parts = { program, loaders, readBy, fields, sources, name: node.name };
  return {
    name: node.name,
    node,
    sources,
    key: onDemandKey(plan, node),
    fields,
    ttlMs: null,
    indexOf: new Map(fields.map((field, i) => [field.name, i])),
    reader: createRowReader(fields),
    feastJson: createRowJsonWriter(fields, 'seconds'),
    json: createRowJsonWriter(fields, 'milliseconds'),
    compute: (input) => computeRows(parts, input),
  };
}

/** A stored feature's loader, with the place of its view; null for a column of the request. */
type Loader = { readonly source: number; readonly load: FieldLoader } | null;

function loaderOf(input: Field, sources: readonly ServedView[]): Loader {
  for (const [source, { name, fields, reader }] of sources.entries()) {
    const index = fields.findIndex((field) => storedColumn(name, field.name) === input.name);
    if (index >= 0) return { source, load: fieldLoader(reader, index) };
  }
  return null;
}

interface ComputeParts {
  readonly name: string;
  readonly program: OnDemandProgram;
  readonly loaders: readonly Loader[];
  /** Places of the views that each feature reads. */
  readonly readBy: readonly (readonly number[])[];
  readonly fields: readonly Field[];
  readonly sources: readonly ServedView[];
}

function computeRows(parts: ComputeParts, input: ComputeInput): ComputedRows {
  const { rowCount, request, stored } = input;
  const sourceCodes = parts.sources.map((view, i) => codesOf(view, stored[i] ?? [], input.nowMs));
  const viewed = stored.map(viewedRows);
  const columns = parts.program.inputs.map((field, i): Column => {
    const loader = parts.loaders[i] ?? null;
    const column =
      loader === null
        ? request.get(field.name)
        : loader.load(viewed[loader.source] ?? viewedRows([]));
    if (column === undefined) throw new TypeError(`the request has no column "${field.name}"`);
    return column;
  });
  const { columns: made, failureCount } = parts.program.evaluate(columns, rowCount);
  const batch = batchOf(parts, made, rowCount);
  return {
    rows: packAll(batch),
    codes: parts.readBy.map((views) => worstOf(views, sourceCodes, rowCount)),
    failureCount,
  };
}

function codesOf(view: ServedView, rows: MaybeRows, nowMs: number): Uint8Array {
  const codes = new Uint8Array(rows.length);
  for (const [i, row] of rows.entries()) {
    if (row === null) codes[i] = computedCodes.missing;
    else {
      checkRow(view, row);
      const isOld = isOutsideMaxAge(view.ttlMs, eventTimeMsOf(row), nowMs);
      if (isOld) codes[i] = computedCodes.outside;
    }
  }
  return codes;
}

/** Of the rows that a feature reads, what says most against it. */
function worstOf(
  views: readonly number[],
  sourceCodes: readonly Uint8Array[],
  rowCount: number,
): Uint8Array {
  const [first] = views;
  if (first !== undefined && views.every((view) => view === first)) {
    return sourceCodes[first] ?? new Uint8Array(rowCount);
  }
  const worst = new Uint8Array(rowCount);
  for (const view of views) {
    const codes = sourceCodes[view] ?? worst;
    for (let i = 0; i < rowCount; i++) {
      if ((codes[i] as number) > (worst[i] as number)) worst[i] = codes[i] as number;
    }
  }
  return worst;
}

/** All rows, one behind the other in one buffer. */
function packAll(batch: VectorBatch): readonly Uint8Array[] {
  const packer = createRowPacker(batch.rowCount * (64 + batch.columns.length * 10) + 64);
  const starts = new Int32Array(batch.rowCount + 1);
  for (let row = 0; row < batch.rowCount; row++) starts[row] = packer.pack(batch, row);
  starts[batch.rowCount] = packer.length;
  const { bytes } = packer;
  return Array.from({ length: batch.rowCount }, (_, row) =>
    bytes.subarray(starts[row], starts[row + 1]),
  );
}

const noInts = new Int32Array(0);

/** Computed columns as a batch to pack: times are the epoch's. */
function batchOf(
  { name, fields }: ComputeParts,
  columns: readonly Column[],
  rowCount: number,
): VectorBatch {
  const zeros = new Float64Array(rowCount);
  return {
    view: name,
    rowCount,
    keyData: new Uint8Array(0),
    keyStarts: noInts,
    keyEnds: noInts,
    keySlots: noInts,
    eventTimeMs: zeros,
    asOfMs: zeros,
    seq: zeros,
    arrivalTimeMs: zeros,
    fields,
    columns,
  };
}
