// Types: `DECIMAL(10, 2)`, `TIMESTAMP_LTZ(3)`, `ARRAY<INT>`, `ROW<a INT, b STRING>`.
import type { TokenReader } from './token-reader.ts';
import type { TypeSyntax } from './syntax-tree.ts';

export function parseType(reader: TokenReader): TypeSyntax {
  const { at } = reader;
  let name = reader.expectName('a type').toUpperCase();
  if (name === 'DOUBLE') reader.takeWords('PRECISION');
  if (name === 'TIMESTAMP' && reader.takeWords('WITH', 'LOCAL', 'TIME', 'ZONE')) {
    name = 'TIMESTAMP_LTZ';
  }
  const args = reader.takeSign('(') ? parseArguments(reader) : [];
  if (name === 'TIMESTAMP') {
    if (reader.takeWords('WITH', 'LOCAL', 'TIME', 'ZONE')) name = 'TIMESTAMP_LTZ';
    reader.takeWords('WITHOUT', 'TIME', 'ZONE');
  }
  const parts = reader.isSign('<') ? parseParts(reader, name) : [];
  const isNotNull = reader.takeWords('NOT', 'NULL');
  reader.takeWords('NULL');
  return { at, name, args, parts, isNotNull };
}

function parseArguments(reader: TokenReader): readonly number[] {
  const args = reader.list(() => reader.expectWhole('a length'));
  reader.expectSign(')');
  return args;
}

function parseParts(reader: TokenReader, name: string): TypeSyntax['parts'] {
  reader.expectSign('<');
  const parts = reader.list(() => ({
    name: name === 'ROW' ? reader.expectName('the name of a field') : '',
    type: parseType(reader),
  }));
  reader.expectSign('>');
  return parts;
}
