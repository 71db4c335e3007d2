// The training set as a table: label columns as they came, then the features of each view, then how
// old each view's vector was. What is computed of these (request-time features) would be added here.
import type { ColumnTable } from '../columns/column-table.ts';
import type { Column } from '../columns/column.ts';
import type { Field } from '../kernel/types/field-type.ts';
import { type ViewColumns, nameColumns } from './view-columns.ts';

export function joinedTable(
  options: { readonly labels: ColumnTable; readonly fullFeatureNames: boolean },
  views: readonly ViewColumns[],
): ColumnTable {
  const { labels, fullFeatureNames } = options;
  const labelNames = labels.fields.map(({ name }) => name);
  const names = nameColumns(labelNames, views, fullFeatureNames);
  const fields: Field[] = [...labels.fields];
  const columns: Column[] = [...labels.columns];
  for (const [v, view] of views.entries()) {
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
