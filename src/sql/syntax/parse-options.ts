// Options in parentheses: of WITH, and of the hint behind a table.
import { nameProblem, refusal } from './sql-error.ts';
import type { OptionSyntax } from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

type Options = ReadonlyMap<string, OptionSyntax>;

/** `('a' = 'b', …)` */
export function parseOptions(reader: TokenReader): Options {
  const options = new Map<string, OptionSyntax>();
  reader.expectSign('(');
  if (reader.takeSign(')')) return options;
  reader.list(() => {
    const { at } = reader;
    const name = reader.expectText('an option in quotes');
    reader.expectSign('=');
    const valueAt = reader.at;
    const value = reader.expectText('a value in quotes');
    if (options.has(name)) throw nameProblem(at, `option '${name}' is there twice`);
    options.set(name, { at: valueAt, value });
  });
  reader.expectSign(')');
  return options;
}

/** A hint with options behind the name of a table. */
export function parseHint(reader: TokenReader): Options {
  if (!reader.takeSign('/*+')) return new Map();
  if (!reader.takeWords('OPTIONS')) {
    throw refusal(reader.at, 'hints but OPTIONS are not followed here', 'leave the hint out');
  }
  const options = parseOptions(reader);
  reader.expectSign('*/');
  return options;
}
