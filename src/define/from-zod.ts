// zod object schemas as stream schemas. zod is not imported: its schemas describe themselves, and
// only that description is read, so any zod 4 works and none is needed. The types below read the
// same description, so that what TypeScript says is what the plan has.
import type { Field, FieldType, TypeKind } from '../kernel/types/field-type.ts';
import { makeType, type TypeBuilder } from './type-builder.ts';

/** What is read of a zod 4 schema. */
export interface ZodLike {
  readonly _zod: { readonly def: { readonly type: string } };
}

/** What is read of a zod 4 object. */
export interface ZodObjectLike extends ZodLike {
  readonly shape: Readonly<Record<string, ZodLike>>;
}

type DefOf<Z> = Z extends { readonly _zod: { readonly def: infer D } } ? D : never;

/** Kind, value and nullability of a zod schema, read from its own description. */
type ReadZod<Z> = ReadDef<DefOf<Z>>;
type ReadDef<D> = D extends { readonly type: 'nullable' | 'optional'; readonly innerType: infer I }
  ? Nullable<ReadZod<I>>
  : D extends {
        readonly type: 'default' | 'prefault' | 'readonly' | 'nonoptional';
        readonly innerType: infer I;
      }
    ? ReadZod<I>
    : D extends { readonly type: 'array'; readonly element: infer I }
      ? ['list', readonly ZodValue<I>[], false]
      : D extends { readonly type: 'record'; readonly valueType: infer I }
        ? ['map', Readonly<Record<string, ZodValue<I>>>, false]
        : D extends { readonly type: 'object'; readonly shape: infer S }
          ? ['struct', { readonly [F in keyof S]: ZodValue<S[F]> }, false]
          : ReadScalar<D>;
type ReadScalar<D> = D extends { readonly type: 'number'; readonly format: 'int32' }
  ? ['int32', number, false]
  : D extends { readonly type: infer K extends keyof ScalarsOfZod }
    ? ScalarsOfZod[K]
    : ['json', string, true];
interface ScalarsOfZod {
  string: ['string', string, false];
  enum: ['string', string, false];
  literal: ['string', string, false];
  number: ['float64', number, false];
  bigint: ['int64', bigint, false];
  boolean: ['bool', boolean, false];
  date: ['timestamp', number, false];
}
type Nullable<R> = R extends [infer K, infer V, boolean] ? [K, V, true] : never;
type ZodValue<Z> =
  ReadZod<Z> extends [unknown, infer V, infer N] ? (N extends true ? V | null : V) : never;
type FieldOf<Z> =
  ReadZod<Z> extends [infer K extends TypeKind, infer V, infer N extends boolean]
    ? TypeBuilder<K, V, N>
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
    ([name, field]) => [name, makeType(readSchema(field, name))] as const,
  );
  return Object.freeze(Object.fromEntries(fields)) as unknown as ShapeOfZod<Z>;
}

type ZodDef = Readonly<Record<string, unknown>> & { readonly type: string };

interface Found {
  readonly type: FieldType;
  readonly isNullable: boolean;
  readonly defaultValue?: unknown;
  readonly problem?: string;
}

function readSchema(schema: ZodLike, path: string): Found {
  const def = schema._zod.def as ZodDef;
  const inner = (name: string, at: string): Found => readSchema(def[name] as ZodLike, at);
  switch (def.type) {
    case 'nullable':
    case 'optional':
      return { ...inner('innerType', path), isNullable: true };
    case 'default':
    case 'prefault':
      return { ...inner('innerType', path), defaultValue: jsonLike(def['defaultValue']) };
    case 'readonly':
    case 'nonoptional':
      return inner('innerType', path);
    case 'array': {
      const { type, problem } = inner('element', `${path}[]`);
      return found({ kind: 'list', item: type }, problem);
    }
    case 'record': {
      const { type, problem } = inner('valueType', `${path}{}`);
      return found({ kind: 'map', value: type }, problem);
    }
    case 'object':
      return readObject(def, path);
    default:
      return readScalar(def, path);
  }
}

function found(type: FieldType, problem: string | undefined): Found {
  return { type, isNullable: false, ...(problem === undefined ? {} : { problem }) };
}

/** A date is milliseconds in a record. */
function jsonLike(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value;
}

function readObject(def: ZodDef, path: string): Found {
  const entries = Object.entries(def['shape'] as Record<string, ZodLike>);
  const members = entries.map(
    ([name, field]) => [name, readSchema(field, `${path}.${name}`)] as const,
  );
  const fields = members.map(
    ([name, { type, isNullable, defaultValue }]): Field => ({
      name,
      type,
      nullable: isNullable,
      ...(defaultValue === undefined ? {} : { default: defaultValue }),
    }),
  );
  const wrong = members.find(([, member]) => member.problem !== undefined);
  return found({ kind: 'struct', fields }, wrong?.[1].problem);
}

function readScalar(def: ZodDef, path: string): Found {
  const type = scalarType(def);
  if (type !== null) return found(type, undefined);
  const problem = `zod's "${def.type}" at ${path} has no field type: write this field with t.…`;
  return { ...found({ kind: 'json' }, problem), isNullable: true };
}

function scalarType(def: ZodDef): FieldType | null {
  switch (def.type) {
    case 'string':
      return { kind: 'string' };
    case 'number':
      return { kind: def['format'] === 'int32' ? 'int32' : 'float64' };
    case 'bigint':
      return { kind: 'int64' };
    case 'boolean':
      return { kind: 'bool' };
    case 'date':
      return { kind: 'timestamp' };
    case 'enum':
      return hasOnlyText(Object.values(def['entries'] as object)) ? { kind: 'string' } : null;
    case 'literal':
      return hasOnlyText(def['values'] as unknown[]) ? { kind: 'string' } : null;
    default:
      return null;
  }
}

function hasOnlyText(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}
