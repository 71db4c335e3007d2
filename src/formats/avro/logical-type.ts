// Logical types on primitives and fixed. An unknown one, or one whose attributes are wrong, is
// ignored: the underlying type counts, as the specification asks of readers.
import type { LogicalType } from './avro-schema.ts';

/** The logical type of a schema object on `kind`; undefined when there is none that counts. */
export function parseLogical(
  json: Readonly<Record<string, unknown>>,
  kind: string,
  fixedSize: number,
): LogicalType | undefined {
  switch (json['logicalType']) {
    case 'decimal':
      return kind === 'bytes' || kind === 'fixed' ? parseDecimalType(json, fixedSize) : undefined;
    case 'uuid':
      return kind === 'string' || (kind === 'fixed' && fixedSize === 16)
        ? { kind: 'uuid' }
        : undefined;
    case 'date':
      return kind === 'int' ? { kind: 'date' } : undefined;
    case 'timestamp-millis':
    case 'local-timestamp-millis':
      return kind === 'long' ? { kind: 'timestamp', unit: 'ms' } : undefined;
    case 'timestamp-micros':
    case 'local-timestamp-micros':
      return kind === 'long' ? { kind: 'timestamp', unit: 'us' } : undefined;
    case 'timestamp-nanos':
    case 'local-timestamp-nanos':
      return kind === 'long' ? { kind: 'timestamp', unit: 'ns' } : undefined;
    default:
      return undefined;
  }
}

function parseDecimalType(
  json: Readonly<Record<string, unknown>>,
  fixedSize: number,
): LogicalType | undefined {
  const { precision, scale = 0 } = json;
  if (!isWhole(precision) || !isWhole(scale) || precision < 1 || scale > precision)
    return undefined;
  if (fixedSize > 0) {
    const digitsMax = Math.floor(Math.log10(2) * (8 * fixedSize - 1));
    if (precision > digitsMax) return undefined;
  }
  return { kind: 'decimal', precision, scale };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
