// zod object schemas as stream schemas. zod is not imported: its schemas describe themselves, and
// only that description is read, so any zod 4 works and none is needed.
import type { FieldType } from '../kernel/types/field-type.ts';
import { makeType, type TypeBuilder } from './type-builder.ts';

/** What is read of a zod 4 schema. */
export interface ZodLike<Output = unknown> {
  readonly _zod: { readonly def: { readonly type: string }; readonly output: Output };
}

type ZodDef = Readonly<Record<string, unknown>> & { readonly type: string };

interface ZodObjectLike {
  readonly _zod: { readonly def: { readonly type: string }; readonly output: unknown };
  readonly shape: Readonly<Record<string, ZodLike>>;
}

type KindOfValue<V> = [V] extends [string]
  ? 'string'
  : [V] extends [bigint]
    ? 'int64'
    : [V] extends [number]
      ? 'float64'
      : [V] extends [boolean]
        ? 'bool'
        : [V] extends [Date]
          ? 'timestamp'
          : [V] extends [readonly unknown[]]
            ? 'list'
            : 'struct';
type ValueOfZod<V> = V extends Date ? number : V;
type FieldOf<Z> =
  Z extends ZodLike<infer V>
    ? TypeBuilder<
        KindOfValue<NonNullable<V>>,
        ValueOfZod<NonNullable<V>>,
        null extends V ? true : undefined extends V ? true : false
      >
    : never;

/** Schema fields of a zod object. */
export type ShapeOfZod<Z extends ZodObjectLike> = {
  readonly [F in keyof Z['shape']]: FieldOf<Z['shape'][F]>;
};

/**
 * The schema of a stream from a zod object: string, number (float64; `z.int32()` int32), bigint (int64),
 * boolean, date (timestamp), enum and literal of strings (string), array, record, object, nullable, optional, default.
 * Refinements and transforms are not run. What cannot be expressed is a problem of `check`, with its path.
 */
export function fromZod<Z extends ZodObjectLike>(schema: Z): ShapeOfZod<Z> {
  const fields = Object.entries(schema.shape).map(
    ([name, field]) => [name, readField(field, name)] as const,
  );
  return Object.freeze(Object.fromEntries(fields)) as unknown as ShapeOfZod<Z>;
}

interface Found {
  readonly type: FieldType;
  readonly isNullable: boolean;
  readonly defaultValue?: unknown;
  readonly problem?: string;
}

function readField(schema: ZodLike, path: string): TypeBuilder {
  return makeType(readSchema(schema, path));
}

function readSchema(schema: ZodLike, path: string): Found {
  const def = schema._zod.def as ZodDef;
  switch (def.type) {
    case 'nullable':
    case 'optional':
      return { ...readSchema(def['innerType'] as ZodLike, path), isNullable: true };
    case 'default':
    case 'prefault':
      return withDefault(readSchema(def['innerType'] as ZodLike, path), def['defaultValue']);
    case 'readonly':
    case 'nonoptional':
      return readSchema(def['innerType'] as ZodLike, path);
    case 'array': {
      const item = readSchema(def['element'] as ZodLike, `${path}[]`);
      return { ...item, type: { kind: 'list', item: item.type }, isNullable: false };
    }
    case 'record': {
      const value = readSchema(def['valueType'] as ZodLike, `${path}{}`);
      return { ...value, type: { kind: 'map', value: value.type }, isNullable: false };
    }
    case 'object':
      return readObject(def, path);
    default:
      return readScalar(def, path);
  }
}

function withDefault(found: Found, value: unknown): Found {
  return {
    ...found,
    defaultValue: typeof value === 'function' ? (value as () => unknown)() : value,
  };
}

function readObject(def: ZodDef, path: string): Found {
  const entries = Object.entries(def['shape'] as Record<string, ZodLike>);
  const found = entries.map(
    ([name, field]) => [name, readSchema(field, `${path}.${name}`)] as const,
  );
  const fields = found.map(([name, { type, isNullable }]) => ({
    name,
    type,
    nullable: isNullable,
  }));
  const problem = found.find(([, f]) => f.problem !== undefined)?.[1].problem;
  return {
    type: { kind: 'struct', fields },
    isNullable: false,
    ...(problem === undefined ? {} : { problem }),
  };
}

function readScalar(def: ZodDef, path: string): Found {
  const type = scalarType(def);
  if (type !== null) return { type, isNullable: false };
  return {
    type: { kind: 'json' },
    isNullable: true,
    problem: `zod's "${def.type}" at ${path} has no field type: write this field with t.…`,
  };
}

function scalarType(def: ZodDef): FieldType | null {
  switch (def.type) {
    case 'string':
      return { kind: 'string' };
    case 'number':
      return { kind: isInt32(def) ? 'int32' : 'float64' };
    case 'int':
      return { kind: 'int32' };
    case 'bigint':
      return { kind: 'int64' };
    case 'boolean':
      return { kind: 'bool' };
    case 'date':
      return { kind: 'timestamp' };
    case 'enum':
      return { kind: 'string' };
    case 'literal':
      return (def['values'] as unknown[]).every((v) => typeof v === 'string')
        ? { kind: 'string' }
        : null;
    default:
      return null;
  }
}

function isInt32(def: ZodDef): boolean {
  return def['format'] === 'int32';
}
