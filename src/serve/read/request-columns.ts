// What a request brings besides keys, as columns for generated code. Values are judged by their type as
// records of a stream are; integers may come as text or as 1.0, as Feast's clients send them.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import type { InstantUnit } from '../../columns/packed-row-json.ts';
import { parseInstant } from '../../columns/parse-time.ts';
import { putValue } from '../../columns/put-value.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Field, formatType, type Value } from '../../kernel/types/field-type.ts';

/** How values of a request are read. */
export interface RequestColumnOptions {
  /** What whole numbers mean where an instant is asked for. */
  readonly unit: InstantUnit;
  /** Where the column stands in the request: `entities.amount`. */
  readonly where: string;
}

/** A column of these values; throws MR_SERVE_REQUEST for the first that does not fit. */
export function requestColumn(
  field: Field,
  values: readonly unknown[],
  { unit, where }: RequestColumnOptions,
): ColumnBuilder {
  const builder = columnForField(field);
  ensureRows(builder, values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (builder.kind === 'float64' && field.type.kind === 'float64' && Number.isFinite(value)) {
      builder.values[i] = value as number;
    } else {
      putValue(builder, field.type, i, requestValue(field, value, unit, `${where}[${i}]`));
    }
  }
  return builder;
}

/** One value as its field has it; throws MR_SERVE_REQUEST when it does not fit. */
export function requestValue(
  field: Field,
  value: unknown,
  unit: InstantUnit,
  where: string,
): Value {
  if (value === null || value === undefined) {
    if (field.nullable) return null;
    throw unfit(field, where, `${where} is null`);
  }
  try {
    return convertValue(field.type, coerced(field, value, unit), where);
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error;
    throw unfit(field, where, error.message);
  }
}

/** Text of numbers as numbers, and instants in milliseconds; anything else as it is. */
function coerced({ type }: Field, value: unknown, unit: InstantUnit): unknown {
  const isText = typeof value === 'string';
  switch (type.kind) {
    case 'int32':
    case 'int64':
    case 'count':
      return isText && /^[+-]?\d{1,30}$/.test(value.trim()) ? BigInt(value.trim()) : value;
    case 'timestamp': {
      if (isText && !/^[+-]?\d+$/.test(value)) return parseInstant(value) ?? value;
      const whole = isText ? BigInt(value) : value;
      const scale = unit === 'seconds' ? 1000 : 1;
      if (typeof whole === 'bigint') return whole * BigInt(scale);
      return typeof whole === 'number' ? whole * scale : whole;
    }
    default:
      return value;
  }
}

function unfit(field: Field, where: string, message: string): MillraceError {
  return new MillraceError('MR_SERVE_REQUEST', message, {
    context: { path: where },
    fix: `give ${field.name} as ${formatType(field.type)}${field.nullable ? ' or null' : ''}`,
  });
}

/** Columns of one row for a request whose values have names: `{ amount: 5 }`. */
export function requestRow(
  fields: readonly Field[],
  values: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, ColumnBuilder> {
  const names = fields.map(({ name }) => name);
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new MillraceError('MR_SERVE_REQUEST', `the view asks for no "${unknown}"`, {
      context: { path: `request.${unknown}` },
      fix: suggestName(unknown, names),
    });
  }
  return new Map(
    fields.map((field) => {
      const isGiven = Object.hasOwn(values, field.name);
      const where = `request.${field.name}`;
      if (!isGiven && field.default === undefined) {
        throw unfit(field, where, `the view is computed from ${field.name}, which is not given`);
      }
      const value = isGiven ? values[field.name] : field.default;
      return [field.name, requestColumn(field, [value], { unit: 'milliseconds', where })];
    }),
  );
}

/** A value that was typed as text (`amount=5`), as JSON would have it. */
export function valueOfText({ type, nullable }: Field, text: string): unknown {
  if (nullable && text === 'null') return null;
  switch (type.kind) {
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'float32':
    case 'float64':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'json':
    case 'list':
    case 'map':
    case 'struct':
      return jsonOrText(text);
    default:
      return text;
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
