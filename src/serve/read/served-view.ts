// A stored view as serving needs it: key and feature fields, places of features by name, writers. Made
// once per server; a request only looks things up.
import { type RowJsonWriter, createRowJsonWriter } from '../../columns/packed-row-json.ts';
import { type PackedRowReader, createRowReader } from '../../columns/packed-row-reader.ts';
import { isPackedRowAt, viewOfBytes } from '../../columns/packed-row.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { type ViewNode, featureFields } from '../../plan/plan.ts';

/** How rows of features are read and written, whether they were stored or computed just now. */
export interface ServedRowFields {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly ttlMs: number | null;
  /** Place of a feature by name. */
  readonly indexOf: ReadonlyMap<string, number>;
  readonly reader: PackedRowReader;
  /** JSON as Feast writes it: instants in seconds. */
  readonly feastJson: RowJsonWriter;
  /** JSON with instants in milliseconds. */
  readonly json: RowJsonWriter;
}

export interface ServedView extends ServedRowFields {
  readonly node: ViewNode;
  readonly key: readonly Field[];
}

/** A stored view ready to be served. */
export function createServedView(node: ViewNode): ServedView {
  const fields = featureFields(node);
  return {
    name: node.name,
    node,
    key: node.key.map(({ name, type, nullable }) => ({ name, type, nullable })),
    fields,
    ttlMs: node.ttlMs,
    indexOf: new Map(fields.map((field, i) => [field.name, i])),
    reader: createRowReader(fields),
    feastJson: createRowJsonWriter(fields, 'seconds'),
    json: createRowJsonWriter(fields, 'milliseconds'),
  };
}

/** A view of a stored row; refuses one that does not fit: it would be read as garbage. */
export function checkRow(view: ServedView, row: Uint8Array): DataView {
  const dataView = viewOfBytes(row);
  if (isPackedRowAt(dataView, view.fields.length)) return dataView;
  throw new MillraceError(
    'MR_STORE_SCHEMA',
    `a stored row of "${view.name}" does not fit the view`,
    {
      context: { path: view.name },
      fix: 'delete the online store and run again, or use the version of millrace that wrote it',
    },
  );
}
