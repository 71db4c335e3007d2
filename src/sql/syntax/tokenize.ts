// SQL text as tokens with their offsets. Comments and white space are dropped; words keep how they
// were written, and whether they were quoted, because a quoted word is never a keyword.
import { syntaxProblem } from './sql-error.ts';

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of words upper case; of quoted words and strings what is between the quotes. */
  readonly text: string;
  /** As it was written. */
  readonly raw: string;
  readonly at: number;
}

const pattern =
  /(?<space>\s+|--[^\n]*|\/\*(?!\+)[\s\S]*?\*\/)|(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<quoted>`(?:[^`]|``)+`)|(?<string>'(?:[^']|'')*')|(?<sign>\/\*\+|\*\/|<>|!=|<=|>=|\|\||=>|[-+*/%=<>(),.;[\]])/uy;

/** All tokens, with one of kind `end` behind them. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw unreadable(text, at);
    const end = pattern.lastIndex;
    const kind = (['number', 'word', 'quoted', 'string', 'sign'] as const).find(
      (name) => groups[name] !== undefined,
    );
    if (kind !== undefined) tokens.push(tokenOf(kind, text.slice(at, end), at));
    at = end;
  }
  tokens.push({ kind: 'end', text: '', raw: '', at: text.length });
  return tokens;
}

function tokenOf(kind: TokenKind, raw: string, at: number): Token {
  switch (kind) {
    case 'word':
      return { kind, text: raw.toUpperCase(), raw, at };
    case 'quoted': {
      const text = raw.slice(1, -1).replaceAll('``', '`');
      return { kind, text, raw: text, at };
    }
    case 'string':
      return { kind, text: raw.slice(1, -1).replaceAll("''", "'"), raw, at };
    default:
      return { kind, text: raw, raw, at };
  }
}

function unreadable(text: string, at: number): Error {
  const rest = text.slice(at);
  if (rest.startsWith("'")) return syntaxProblem(at, 'this text has no end', "close it with '");
  if (rest.startsWith('`')) return syntaxProblem(at, 'this name has no end', 'close it with `');
  if (rest.startsWith('/*'))
    return syntaxProblem(at, 'this comment has no end', 'close it with */');
  if (rest.startsWith('"')) {
    return syntaxProblem(at, "names stand in `…`, texts in '…'", 'use ` or \' instead of "');
  }
  return syntaxProblem(at, `"${[...rest][0]}" is nothing of SQL`);
}
