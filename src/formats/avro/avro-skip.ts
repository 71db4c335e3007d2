// Passes over values that no field of the stream asks for. Made once per schema.
import { words } from './avro-bytes.ts';
import type { AvroCursor } from './avro-cursor.ts';
import type { AvroSchema } from './avro-schema.ts';

export type Skip = (cursor: AvroCursor) => void;

/** A function that passes over one value of the schema. Types may hold themselves. */
export function createSkip(schema: AvroSchema, known = new Map<AvroSchema, Skip>()): Skip {
  const made = known.get(schema);
  if (made !== undefined) return made;
  // What refers to this type while it is being made goes by way of this.
  let skip: Skip | null = null;
  known.set(schema, (cursor) => skip?.(cursor));
  skip = build(schema, known);
  known.set(schema, skip);
  return skip;
}

function build(schema: AvroSchema, known: Map<AvroSchema, Skip>): Skip {
  switch (schema.kind) {
    case 'null':
      return () => undefined;
    case 'boolean':
      return (cursor) => void cursor.boolean();
    case 'int':
    case 'long':
      return (cursor) => cursor.long();
    case 'enum':
      return (cursor) => void cursor.index(schema.symbols.length);
    case 'float':
      return (cursor) => void cursor.take(4);
    case 'double':
      return (cursor) => void cursor.take(8);
    case 'bytes':
    case 'string':
      return (cursor) => void cursor.run();
    case 'fixed':
      return (cursor) => void cursor.take(schema.size);
    case 'array':
      return skipBlocks(createSkip(schema.items, known));
    case 'map': {
      const value = createSkip(schema.values, known);
      return skipBlocks((cursor) => {
        cursor.run();
        value(cursor);
      });
    }
    case 'record': {
      const fields = schema.fields.map((field) => createSkip(field.schema, known));
      return (cursor) => {
        for (const field of fields) field(cursor);
      };
    }
    case 'union': {
      const branches = schema.branches.map((branch) => createSkip(branch, known));
      return (cursor) => branches[cursor.index(branches.length)]?.(cursor);
    }
  }
}

function skipBlocks(item: Skip): Skip {
  return (cursor) => {
    for (let items = 0; ; ) {
      const before = cursor.p;
      const count = cursor.block(items);
      if (count === 0) return;
      // A block that gives its size in bytes is passed over at once.
      if ((cursor.bytes[before] as number) & 1) cursor.take(words[0] as number);
      else for (let i = 0; i < count; i++) item(cursor);
      items += count;
    }
  };
}
