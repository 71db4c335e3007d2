// Field types as users write them: `t.string().nullable()`. A builder is immutable; the type
// parameters carry the kind (what may be computed with it) and the JavaScript value.
import type { Field, FieldType, TypeKind } from '../kernel/types/field-type.ts';

declare const valueOf: unique symbol;

/** The type of a field. `V` is its JavaScript value, `N` whether it may be null. */
export interface TypeBuilder<
  K extends TypeKind = TypeKind,
  V = unknown,
  N extends boolean = boolean,
> {
  readonly [valueOf]?: V;
  readonly kind: K;
  readonly type: FieldType;
  readonly isNullable: N;
  readonly defaultValue: unknown;
  /** What is wrong with it, when it came from somewhere else (a zod schema); null when nothing is. */
  readonly problem: string | null;
  /** The field may be null or missing. */
  nullable(): TypeBuilder<K, V, true>;
  /** The value of a record in which the field is missing. */
  default(value: V): TypeBuilder<K, V, N>;
}

/** The JavaScript value of a field type: `| null` when it is nullable. */
export type ValueOf<B> =
  B extends TypeBuilder<TypeKind, infer V, infer N> ? (N extends true ? V | null : V) : never;

/** Fields by name, as in `stream({ schema })` and `entity({ key })`. */
export type SchemaShape = Readonly<Record<string, TypeBuilder>>;

/** A record of a schema: field name to value. */
export type RowOfShape<S extends SchemaShape> = { readonly [F in keyof S]: ValueOf<S[F]> };

interface BuilderState {
  readonly type: FieldType;
  readonly isNullable: boolean;
  readonly defaultValue?: unknown;
  readonly problem?: string;
}

export function makeType<K extends TypeKind, V>(state: BuilderState): TypeBuilder<K, V, false> {
  const builder: TypeBuilder<K, V, boolean> = {
    kind: state.type.kind as K,
    type: state.type,
    isNullable: state.isNullable,
    defaultValue: state.defaultValue,
    problem: state.problem ?? null,
    nullable: () =>
      makeType<K, V>({ ...state, isNullable: true }) as unknown as TypeBuilder<K, V, true>,
    default: (value) =>
      makeType<K, V>({ ...state, defaultValue: value }) as TypeBuilder<K, V, boolean>,
  };
  return Object.freeze(builder) as TypeBuilder<K, V, false>;
}

function scalar<K extends TypeKind, V>(kind: K): TypeBuilder<K, V, false> {
  return makeType<K, V>({ type: { kind } as FieldType, isNullable: false });
}

/** The field types. Values in JavaScript are named beside each; `.nullable()` adds null. */
export const t = {
  /** string (UTF-8) */
  string: (): TypeBuilder<'string', string, false> => scalar('string'),
  /** boolean */
  bool: (): TypeBuilder<'bool', boolean, false> => scalar('bool'),
  /** number: a signed 32-bit integer */
  int32: (): TypeBuilder<'int32', number, false> => scalar('int32'),
  /** bigint: a signed 64-bit integer, never rounded */
  int64: (): TypeBuilder<'int64', bigint, false> => scalar('int64'),
  /** number in single precision */
  float32: (): TypeBuilder<'float32', number, false> => scalar('float32'),
  /** number */
  float64: (): TypeBuilder<'float64', number, false> => scalar('float64'),
  /** string: an exact decimal number of up to 18 digits, `scale` of them after the point */
  decimal: (precision: number, scale: number): TypeBuilder<'decimal', string, false> =>
    makeType({ type: { kind: 'decimal', precision, scale }, isNullable: false }),
  /** Uint8Array (base64 in JSON) */
  bytes: (): TypeBuilder<'bytes', Uint8Array, false> => scalar('bytes'),
  /** number: epoch milliseconds, UTC */
  timestamp: (): TypeBuilder<'timestamp', number, false> => scalar('timestamp'),
  /** string: YYYY-MM-DD */
  date: (): TypeBuilder<'date', string, false> => scalar('date'),
  /** string: any JSON, as its text */
  json: (): TypeBuilder<'json', string, false> => scalar('json'),
  /** array */
  list: <K extends TypeKind, V, N extends boolean>(
    item: TypeBuilder<K, V, N>,
  ): TypeBuilder<'list', readonly ValueOf<TypeBuilder<K, V, N>>[], false> =>
    makeType({ type: { kind: 'list', item: item.type }, isNullable: false }),
  /** record with string keys */
  map: <K extends TypeKind, V, N extends boolean>(
    value: TypeBuilder<K, V, N>,
  ): TypeBuilder<'map', Readonly<Record<string, ValueOf<TypeBuilder<K, V, N>>>>, false> =>
    makeType({ type: { kind: 'map', value: value.type }, isNullable: false }),
  /** object with these fields */
  struct: <S extends SchemaShape>(shape: S): TypeBuilder<'struct', RowOfShape<S>, false> =>
    makeType({ type: { kind: 'struct', fields: fieldsOf(shape) }, isNullable: false }),
} as const;

/** Plan fields of a shape, in the order in which they were written; what is no type is left out. */
export function fieldsOf(shape: SchemaShape): readonly Field[] {
  return Object.entries(shape ?? {})
    .filter(([, builder]) => isTypeBuilder(builder))
    .map(([name, builder]) => ({
      name,
      type: builder.type,
      nullable: builder.isNullable,
      ...(builder.defaultValue === undefined ? {} : { default: builder.defaultValue }),
    }));
}

export function isTypeBuilder(value: unknown): value is TypeBuilder {
  return typeof value === 'object' && value !== null && 'type' in value && 'isNullable' in value;
}
