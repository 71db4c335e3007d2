// The views of a plan as serving needs them: key and feature fields, places of features by name,
// writers. Made once per server; a request only looks things up.
import { type RowJsonWriter, createRowJsonWriter } from '../../columns/packed-row-json.ts';
import { type PackedRowReader, createRowReader } from '../../columns/packed-row-reader.ts';
import { isPackedRow } from '../../columns/packed-row.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { type Plan, type ServiceNode, type ViewNode, featureFields } from '../../plan/plan.ts';

export interface ServedView {
  readonly name: string;
  readonly node: ViewNode;
  readonly key: readonly Field[];
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

export interface ServedCatalogue {
  readonly views: ReadonlyMap<string, ServedView>;
  readonly services: ReadonlyMap<string, ServiceNode>;
  /** Join keys of all entities by name, with their types. */
  readonly joinKeys: ReadonlyMap<string, Field>;
  /** Entities with one join key: their names may stand for it. */
  readonly joinKeyOfEntity: ReadonlyMap<string, string>;
}

export function createServedCatalogue(plan: Plan): ServedCatalogue {
  const joinKeys = new Map<string, Field>();
  const joinKeyOfEntity = new Map<string, string>();
  for (const { name, key } of plan.entities) {
    for (const field of key) if (!joinKeys.has(field.name)) joinKeys.set(field.name, field);
    const [only] = key;
    if (only !== undefined && key.length === 1) joinKeyOfEntity.set(name, only.name);
  }
  return {
    views: new Map(plan.views.map((view) => [view.name, servedView(view)])),
    services: new Map(plan.services.map((service) => [service.name, service])),
    joinKeys,
    joinKeyOfEntity,
  };
}

function servedView(node: ViewNode): ServedView {
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

/** The view of that name; MR_UNKNOWN_VIEW when there is none. */
export function viewNamed(catalogue: ServedCatalogue, name: string): ServedView {
  const view = catalogue.views.get(name);
  if (view !== undefined) return view;
  throw new MillraceError('MR_UNKNOWN_VIEW', `there is no view "${name}"`, {
    context: { path: name },
    fix: suggestName(name, [...catalogue.views.keys()]),
  });
}

/** Refuses a stored row that does not fit the view: that would be read as garbage. */
export function checkRow(view: ServedView, row: Uint8Array): void {
  if (isPackedRow(row, view.fields.length)) return;
  throw new MillraceError(
    'MR_STORE_SCHEMA',
    `a stored row of "${view.name}" does not fit the view`,
    {
      context: { path: view.name },
      fix: 'delete the online store and run again, or use the version of millrace that wrote it',
    },
  );
}
