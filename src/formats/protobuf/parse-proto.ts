// `.proto` text (proto2, proto3) as types with their names resolved. Imports are looked up among the
// texts that came with the schema; what Google's own imports declare is known by name.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import {
  type Presence,
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoScalar,
  type ProtoType,
  protoScalars,
} from './proto-schema.ts';
import { ProtoTokens } from './proto-tokens.ts';
import { wellKnownProto } from './well-known.ts';

/** What stands for a type until all names are known. */
interface DraftField extends Omit<ProtoField, 'type'> {
  type: ProtoType | null;
  readonly typeName: string;
}

interface DraftMessage {
  readonly fullName: string;
  readonly fields: DraftField[];
  readonly nested: DraftMessage[];
}

/** Everything declared in the texts of one schema, by full name. */
interface Names {
  readonly messages: Map<string, DraftMessage>;
  readonly enums: Map<string, ProtoEnum>;
}

/** Parses the text of a schema; `imported` are the texts that it imports, directly or not. */
export function parseProto(text: string, imported: readonly string[] = []): ProtoFile {
  const names: Names = { messages: new Map(), enums: new Map() };
  for (const source of [wellKnownProto, ...imported]) new FileParser(source, names).parse();
  const messages = new FileParser(text, names).parse();
  for (const message of names.messages.values()) resolveFields(message, names);
  if (messages.length > 0) return { messages: messages as readonly ProtoMessage[] };
  throw new MillraceError('MR_SCHEMA_INVALID', 'the Protobuf schema declares no message', {
    fix: 'declare the message that records are',
  });
}

function resolveFields(message: DraftMessage, names: Names): void {
  for (const field of message.fields) {
    field.type ??= typeNamed(field.typeName, message.fullName, names);
  }
}

/** Names are looked up from the inside outwards. */
function typeNamed(name: string, scope: string, { messages, enums }: Names): ProtoType {
  const scopes = name.startsWith('.') ? [''] : outward(scope);
  const plain = name.startsWith('.') ? name.slice(1) : name;
  for (const outer of scopes) {
    const fullName = outer === '' ? plain : `${outer}.${plain}`;
    const message = messages.get(fullName);
    if (message !== undefined) return { kind: 'message', message: message as ProtoMessage };
    const enumeration = enums.get(fullName);
    if (enumeration !== undefined) return { kind: 'enum', enumeration };
  }
  throw new MillraceError(
    'MR_SCHEMA_INVALID',
    `message ${scope} of the Protobuf schema names the type "${name}", which is not declared`,
    { fix: 'register the schema with references to what it imports' },
  );
}

function outward(scope: string): readonly string[] {
  const parts = scope.split('.');
  return [...parts.map((_, i) => parts.slice(0, parts.length - i).join('.')), ''];
}

class FileParser {
  readonly #tokens: ProtoTokens;
  readonly #names: Names;
  #isProto3 = false;
  #package = '';

  constructor(source: string, names: Names) {
    this.#tokens = new ProtoTokens(source);
    this.#names = names;
  }

  /** The messages at the top of the file. */
  parse(): readonly DraftMessage[] {
    const tokens = this.#tokens;
    const messages: DraftMessage[] = [];
    while (!tokens.isAtEnd) {
      if (tokens.take(';')) continue;
      const keyword = tokens.word();
      if (keyword === 'syntax' || keyword === 'edition') this.#syntax();
      else if (keyword === 'package') {
        this.#package = tokens.dotted();
        tokens.expect(';');
      } else if (keyword === 'message') messages.push(this.#message(this.#package));
      else if (keyword === 'enum') this.#enum(this.#package);
      else tokens.skipStatement();
    }
    return messages;
  }

  #syntax(): void {
    const tokens = this.#tokens;
    tokens.expect('=');
    this.#isProto3 = tokens.next().slice(1, -1) === 'proto3';
    tokens.expect(';');
  }

  #message(scope: string): DraftMessage {
    const tokens = this.#tokens;
    const fullName = within(scope, tokens.word());
    const message: DraftMessage = { fullName, fields: [], nested: [] };
    // Google's own files may come with a schema, besides being known.
    if (this.#names.messages.has(fullName) && !fullName.startsWith('google.protobuf.')) {
      throw tokens.wrong(`declares ${fullName} again`);
    }
    this.#names.messages.set(fullName, message);
    tokens.expect('{');
    while (!tokens.take('}')) this.#member(message, false);
    const numbers = message.fields.map(({ number }) => number);
    if (new Set(numbers).size < numbers.length) {
      throw tokens.wrong(`gives two fields of ${fullName} one number`);
    }
    return message;
  }

  #member(message: DraftMessage, isOneof: boolean): void {
    const tokens = this.#tokens;
    if (tokens.take(';')) return;
    switch (tokens.peek) {
      case 'message':
        tokens.next();
        message.nested.push(this.#message(message.fullName));
        return;
      case 'enum':
        tokens.next();
        this.#enum(message.fullName);
        return;
      case 'oneof':
        tokens.next();
        tokens.word();
        tokens.expect('{');
        while (!tokens.take('}')) this.#member(message, true);
        return;
      case 'option':
      case 'reserved':
      case 'extensions':
      case 'extend':
        tokens.next();
        tokens.skipStatement();
        return;
      default:
        message.fields.push(this.#field(isOneof));
    }
  }

  #field(isOneof: boolean): DraftField {
    const tokens = this.#tokens;
    let presence: Presence = this.#isProto3 && !isOneof ? 'implicit' : 'optional';
    for (const label of ['repeated', 'optional', 'required'] as const) {
      if (tokens.peek === label) {
        tokens.next();
        presence = label;
      }
    }
    const typeName = tokens.dotted();
    if (typeName === 'map' && tokens.take('<')) return this.#map();
    if (typeName === 'group') throw tokens.wrong('has a group, which is not supported');
    return this.#rest(typeName, presence, null);
  }

  #map(): DraftField {
    const tokens = this.#tokens;
    const key = tokens.word() as ProtoScalar;
    tokens.expect(',');
    const value = tokens.dotted();
    tokens.expect('>');
    return this.#rest(value, 'map', key);
  }

  #rest(typeName: string, presence: Presence, keyType: ProtoScalar | null): DraftField {
    const tokens = this.#tokens;
    const name = tokens.word();
    tokens.expect('=');
    const number = tokens.whole();
    if (number < 1 || number >= 2 ** 29) throw tokens.wrong(`has the field number ${number}`);
    tokens.skipOptions();
    tokens.expect(';');
    const isScalar = protoScalars.has(typeName);
    const type = isScalar ? { kind: 'scalar' as const, scalar: typeName as ProtoScalar } : null;
    return { name, number, presence, keyType, type, typeName };
  }

  #enum(scope: string): void {
    const tokens = this.#tokens;
    const fullName = within(scope, tokens.word());
    const names = new Map<number, string>();
    tokens.expect('{');
    while (!tokens.take('}')) {
      if (tokens.take(';')) continue;
      if (tokens.peek === 'option' || tokens.peek === 'reserved') {
        tokens.skipStatement();
        continue;
      }
      const name = tokens.word();
      tokens.expect('=');
      const number = tokens.whole();
      tokens.skipOptions();
      tokens.expect(';');
      if (!names.has(number)) names.set(number, name);
    }
    this.#names.enums.set(fullName, { fullName, names });
  }
}

function within(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
