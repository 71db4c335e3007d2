// A training set as the reference of distributions and ages: columns as `train` names them.
import { resolve } from 'node:path';
import { tableFiles } from '../../formats/table/table-files.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { Table } from '../../ports/table.ts';

export interface TrainingReference {
  /** Values of a feature; none when the file has no such column. */
  values(view: string, feature: string): readonly Value[];
  /** Ages of the view's vectors in ms. */
  ages(view: string): readonly number[];
}

export async function readTraining(path: string): Promise<TrainingReference> {
  const table: Table = await tableFiles.read(resolve(path), new Map());
  const column = (name: string): readonly Value[] | null => {
    const index = table.fields.findIndex((field) => field.name === name);
    return index < 0 ? null : (table.columns[index] ?? null);
  };
  return {
    values: (view, feature) => column(`${view}__${feature}`) ?? column(feature) ?? [],
    ages: (view) =>
      (column(`${view}__age_ms`) ?? []).flatMap((age) => (age === null ? [] : [Number(age)])),
  };
}
