// Protobuf types as data: messages and enums by full name, as `.proto` text declares them. Options,
// services, extensions and reserved numbers are not kept.

export type ProtoScalar =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';

export const protoScalars: ReadonlySet<string> = new Set<ProtoScalar>([
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
]);

export type ProtoType =
  | { readonly kind: 'scalar'; readonly scalar: ProtoScalar }
  | { readonly kind: 'enum'; readonly enumeration: ProtoEnum }
  | { readonly kind: 'message'; readonly message: ProtoMessage };

/** How often a field may be there, and what its absence means. */
export type Presence =
  /** proto3 without a label: absent is the type's zero. */
  | 'implicit'
  /** Absent is absent. */
  | 'optional'
  | 'required'
  | 'repeated'
  | 'map';

export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly presence: Presence;
  /** Of an item, or of a map's values. */
  readonly type: ProtoType;
  /** Of maps. */
  readonly keyType: ProtoScalar | null;
}

export interface ProtoMessage {
  readonly fullName: string;
  readonly fields: readonly ProtoField[];
  /** Messages declared inside, in their order: message indexes count them. */
  readonly nested: readonly ProtoMessage[];
}

export interface ProtoEnum {
  readonly fullName: string;
  readonly names: ReadonlyMap<number, string>;
}

/** What one `.proto` text declares at its top, in its order. */
export interface ProtoFile {
  readonly messages: readonly ProtoMessage[];
}

/** The type as people write it. */
export function describeProto({ type, presence, keyType }: ProtoField): string {
  const base = nameOfType(type);
  if (presence === 'map') return `map<${keyType}, ${base}>`;
  return presence === 'repeated' ? `repeated ${base}` : base;
}

export function nameOfType(type: ProtoType): string {
  switch (type.kind) {
    case 'scalar':
      return type.scalar;
    case 'enum':
      return type.enumeration.fullName;
    case 'message':
      return type.message.fullName;
  }
}

/** `user_id` → `userId`, as the JSON of Protobuf names it. */
export function jsonName(name: string): string {
  return name.replaceAll(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
