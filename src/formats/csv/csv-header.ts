// The header of a CSV file: which cell holds which field. A field without a column is refused unless
// it has a default, because a misspelt name would otherwise be a column of nulls.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';

/** Index of the cell per field; −1 for a field that takes its default. */
export function matchHeader(names: readonly string[], fields: readonly Field[]): readonly number[] {
  return fields.map((field) => {
    const index = names.indexOf(field.name);
    if (index >= 0 && names.indexOf(field.name, index + 1) >= 0) {
      throw headerProblem(`has two columns "${field.name}"`);
    }
    if (index < 0 && field.default === undefined) {
      throw headerProblem(`has no column "${field.name}": ${suggestName(field.name, names)}`);
    }
    return index;
  });
}

export function headerProblem(message: string): MillraceError {
  return new MillraceError('MR_FILE_FORMAT', `the CSV header ${message}`, {
    fix: 'correct the header or the schema, give the field a default, or use formatOptions: { header: false }',
  });
}
