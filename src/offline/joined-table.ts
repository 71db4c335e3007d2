// The training set as a table: label columns as they came, then the features of each view, then what
// is computed of these (request-time features), then how old each view's vector was. Views that were
// joined only for what is computed of them are left out.
import type { ColumnTable } from '../columns/column-table.ts';
import type { Column } from '../columns/column.ts';
import type { Field } from '../kernel/types/field-type.ts';
import { type OnDemandJoin, onDemandColumns } from './on-demand-columns.ts';
import { type ViewColumns, nameColumns } from './view-columns.ts';

export interface JoinedTableOptions {
  readonly labels: ColumnTable;
  readonly fullFeatureNames: boolean;
  /** What is computed of labels and joined features. */
  readonly onDemand?: OnDemandJoin;
  /** Names of views that become no columns. */
  readonly hidden?: readonly string[];
}

export function joinedTable(
  options: JoinedTableOptions,
  joined: readonly ViewColumns[],
): ColumnTable {
  const { labels, fullFeatureNames, onDemand } = options;
  const labelNames = labels.fields.map(({ name }) => name);
  const views = joined.filter(({ view }) => !(options.hidden ?? []).includes(view.name));
  const computed = onDemand === undefined ? [] : onDemandColumns(onDemand, joined, labels.rowCount);
  const blocks = [...views, ...computed];
  const names = nameColumns(labelNames, blocks, fullFeatureNames);
  const fields: Field[] = [...labels.fields];
  const columns: Column[] = [...labels.columns];
  for (const [v, view] of blocks.entries()) {
    for (const [f, { type }] of view.fields.entries()) {
      fields.push({ name: names[v]?.[f] ?? '', type, nullable: true });
      columns.push(view.columns[f] as Column);
    }
  }
  for (const { view, ages } of views) {
    fields.push({ name: `${view.name}__age_ms`, type: { kind: 'count' }, nullable: true });
    columns.push(ages);
  }
  return { fields, columns, rowCount: labels.rowCount };
}
