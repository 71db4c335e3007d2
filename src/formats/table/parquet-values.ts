// Values on their way into and out of Parquet, one at a time.
import { formatDate, parseDate } from '../../columns/parse-time.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';

const dayMs = 86_400_000;

/** What the writer takes for a value of a type. */
export function toParquetValue(value: Value, type: FieldType): unknown {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case 'int64':
    case 'count':
      return BigInt(value as number | bigint);
    case 'timestamp':
      return new Date(value as number);
    case 'date':
      return new Date((parseDate(value as string) ?? 0) * dayMs);
    case 'json':
      return JSON.parse(value as string) as unknown;
    case 'list':
      return (value as readonly Value[]).map((item) => toParquetValue(item, type.item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          toParquetValue(item as Value, type.value),
        ]),
      );
    case 'struct': {
      const record = value as Readonly<Record<string, Value>>;
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          toParquetValue(record[field.name] ?? null, field.type),
        ]),
      );
    }
    default:
      return value;
  }
}

/** The value of a cell as the reader gives it. */
export function toTableValue(raw: unknown, type: FieldType): Value {
  if (raw === null || raw === undefined) return null;
  switch (type.kind) {
    case 'int64':
      return BigInt(raw as number | bigint);
    case 'float64':
      return Number(raw);
    case 'timestamp':
      return instantOf(raw);
    case 'date':
      return raw instanceof Date ? formatDate(Math.floor(raw.getTime() / dayMs)) : null;
    case 'json':
      return JSON.stringify(raw, (_, item: unknown) =>
        typeof item === 'bigint' ? Number(item) : item,
      );
    default:
      return raw as Value;
  }
}

function instantOf(raw: unknown): number | null {
  if (raw instanceof Date) return raw.getTime();
  return typeof raw === 'bigint' || typeof raw === 'number' ? Number(raw) : null;
}
