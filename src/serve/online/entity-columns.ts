// Entity values of a request as parts of encoded keys. Lenient where Feast is: an integer may come
// as text or as 1.0, text may come as a number; never where that would round or guess.
import type { JsonBuffer } from '../../columns/json-buffer.ts';
import type { InstantUnit } from '../../columns/packed-row-json.ts';
import { encodeKey, keyTagNull } from '../../kernel/key-encoding.ts';
import { type Field, formatType } from '../../kernel/types/field-type.ts';
import { shownJson } from './shown-json.ts';
import { RequestFailure } from './request-failure.ts';

/** One column: the key part of row i is `parts[i]`, as `encodeKey` writes it. */
export interface EntityColumn {
  readonly field: Field;
  readonly parts: readonly Uint8Array[];
}

const utf8 = new TextEncoder();
const tagString = 2;
const tagInt64 = 4;

/** Encodes the values of a column; `where` names it in errors. */
export function encodeColumn(
  field: Field,
  values: readonly unknown[],
  unit: InstantUnit,
  where: string,
): EntityColumn {
  const parts = values.map((value, i) => encodePart(field, value, unit, `${where}[${i}]`));
  return { field, parts };
}

function encodePart(field: Field, value: unknown, unit: InstantUnit, where: string): Uint8Array {
  if (field.type.kind === 'string' && typeof value === 'string') return stringPart(value);
  if (field.type.kind === 'int64' && Number.isSafeInteger(value)) return int64Part(value as number);
  if (value === null || value === undefined) {
    if (field.nullable) return Uint8Array.of(keyTagNull);
    throw unfit(field, value, where, feastNull);
  }
  const coerced = coerce(field, value, unit);
  if (coerced === undefined) throw unfit(field, value, where, feastInteger(value));
  return encodeKey([field], { [field.name]: coerced });
}

function stringPart(text: string): Uint8Array {
  const part = Buffer.allocUnsafe(5 + text.length * 3);
  const { written } = utf8.encodeInto(text, part.subarray(5));
  part[0] = tagString;
  part.writeUInt32LE(written, 1);
  return part.subarray(0, 5 + written);
}

function int64Part(value: number): Uint8Array {
  const part = Buffer.allocUnsafe(9);
  const high = Math.floor(value / 4294967296);
  part[0] = tagInt64;
  part.writeInt32LE((value - high * 4294967296) | 0, 1);
  part.writeInt32LE(high, 5);
  return part;
}

/** The value as `encodeKey` takes it; undefined when it does not fit. */
function coerce(field: Field, value: unknown, unit: InstantUnit): unknown {
  switch (field.type.kind) {
    case 'string':
      return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
    case 'int64':
      return integer(value, -(2n ** 63n), 2n ** 63n - 1n);
    case 'int32':
      return toNumber(integer(value, -(2n ** 31n), 2n ** 31n - 1n));
    case 'timestamp':
      return instant(value, unit);
    case 'bool':
      if (value === 'true') return true;
      return value === 'false' ? false : typeof value === 'boolean' ? value : undefined;
    case 'date':
      return isDate(value) ? value : undefined;
    case 'bytes':
      return typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
        ? new Uint8Array(Buffer.from(value, 'base64'))
        : undefined;
    default:
      return undefined;
  }
}

function integer(value: unknown, least: bigint, greatest: bigint): bigint | undefined {
  const isWhole =
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^[+-]?\d{1,30}$/.test(value.trim()));
  if (!isWhole) return undefined;
  const whole = BigInt(typeof value === 'string' ? value.trim().replace('+', '') : value);
  return whole >= least && whole <= greatest ? whole : undefined;
}

function toNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

const instantMax = 8_640_000_000_000_000n;

function instant(value: unknown, unit: InstantUnit): number | undefined {
  const scale = unit === 'seconds' ? 1000n : 1n;
  const whole = integer(value, -instantMax / scale, instantMax / scale);
  if (whole !== undefined) return Number(whole * scale);
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function isDate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

const feastNull = "attribute name must be string, not 'NoneType'";

function feastInteger(value: unknown): string {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  return `invalid literal for int() with base 10: ${shown}`;
}

function unfit(field: Field, value: unknown, where: string, feast: string): RequestFailure {
  const shown = shownJson(value)?.slice(0, 60);
  return new RequestFailure({
    code: 'MR_UNKNOWN_KEY',
    status: 422,
    message: `${where} must be ${formatType(field.type)}, not ${shown ?? 'missing'}`,
    where,
    fix: `give ${field.name} as ${formatType(field.type)}`,
    feast: { status: 500, body: feast },
  });
}

/** Writes the value of a key part as JSON. */
export function writePartJson(
  target: JsonBuffer,
  field: Field,
  part: Uint8Array,
  unit: InstantUnit,
): void {
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  const tag = part[0];
  if (tag === keyTagNull) return target.ascii('null');
  if (tag === tagString) return target.utf8(part, 5, part.length);
  if (tag === tagInt64) return target.int64(view.getInt32(1, true), view.getInt32(5, true));
  switch (field.type.kind) {
    case 'int32':
      return target.integer(view.getInt32(1, true));
    case 'bool':
      return target.ascii(part[1] === 1 ? 'true' : 'false');
    case 'bytes':
      return target.base64(part, 5, part.length);
    case 'timestamp': {
      const ms = Number(view.getBigInt64(1, true));
      return target.integer(unit === 'seconds' ? Math.floor(ms / 1000) : ms);
    }
    default:
      return target.string(
        new Date(view.getInt32(1, true) * 86_400_000).toISOString().slice(0, 10),
      );
  }
}

/** Keys of a view from the columns of its join keys, in the entity's order. */
export function joinParts(
  columns: readonly EntityColumn[],
  rowCount: number,
): readonly Uint8Array[] {
  const [first] = columns;
  if (first !== undefined && columns.length === 1) return first.parts;
  return Array.from({ length: rowCount }, (_, row) =>
    Buffer.concat(columns.map(({ parts }) => parts[row] as Uint8Array)),
  );
}
