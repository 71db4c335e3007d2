// The language of `dlq fix --set`: a few words of jq that edit one object. Grammar:
//   program = step ('|' step)*
//   step    = path ('=' | '|=' | '//=') sum | 'del(' path ')' | sum
//   sum     = product (('+' | '-') product)*      product = other (('*' | '/' | '%') other)*
//   other   = atom ('//' atom)*                   atom = literal | path | function | '(' program ')'
// A step that is not an assignment hands its value to the next. `.` is what the step is given.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

export type EditNode =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'path'; readonly steps: readonly (string | number)[] }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'delete'; readonly steps: readonly (string | number)[] }
  | { readonly kind: 'pipe'; readonly first: EditNode; readonly then: EditNode }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: EditNode;
      readonly right: EditNode;
    }
  | {
      readonly kind: 'assign';
      readonly operator: '=' | '|=' | '//=';
      readonly steps: readonly (string | number)[];
      readonly value: EditNode;
    };

/** Names of functions; each takes what it is given and has no arguments. */
export const editFunctions = [
  'floor',
  'ceil',
  'round',
  'trunc',
  'abs',
  'tonumber',
  'tostring',
  'trim',
  'ascii_downcase',
  'ascii_upcase',
  'length',
  'fromjson',
  'tojson',
] as const;

interface Token {
  readonly kind: 'number' | 'string' | 'name' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const tokenPattern =
  /\s*(?:(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>"(?:[^"\\]|\\.)*")|(?<name>[A-Za-z_]\w*)|(?<symbol>\|=|\/\/=|\/\/|[.|=+\-*/%()[\]]))/y;

/** Throws MR_USAGE with the place. */
export function parseEdit(text: string): EditNode {
  return new EditParser(text).parse();
}

class EditParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  parse(): EditNode {
    const node = this.#program();
    if (this.#peek.kind !== 'end') throw this.#wrong(`"${this.#peek.text}" is too much`);
    return node;
  }

  get #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #takes(symbol: string): boolean {
    const { kind, text } = this.#peek;
    if (kind !== 'symbol' || text !== symbol) return false;
    this.#next++;
    return true;
  }

  #needs(symbol: string): void {
    if (!this.#takes(symbol)) throw this.#wrong(`here must be "${symbol}"`);
  }

  #program(): EditNode {
    const first = this.#step();
    return this.#takes('|') ? { kind: 'pipe', first, then: this.#program() } : first;
  }

  #step(): EditNode {
    if (this.#peek.kind === 'name' && this.#peek.text === 'del') return this.#delete();
    const left = this.#sum();
    for (const operator of ['=', '|=', '//='] as const) {
      if (!this.#takes(operator)) continue;
      if (left.kind !== 'path' || left.steps.length === 0) {
        throw this.#wrong('only a field can be given a value, as in .amount = 1');
      }
      return { kind: 'assign', operator, steps: left.steps, value: this.#sum() };
    }
    return left;
  }

  #delete(): EditNode {
    this.#next++;
    this.#needs('(');
    const path = this.#atom();
    if (path.kind !== 'path' || path.steps.length === 0) throw this.#wrong('del takes a field');
    this.#needs(')');
    return { kind: 'delete', steps: path.steps };
  }

  #sum(): EditNode {
    return this.#binary(['+', '-'], () => this.#binary(['*', '/', '%'], () => this.#other()));
  }

  #other(): EditNode {
    return this.#binary(['//'], () => this.#atom());
  }

  #binary(operators: readonly string[], operand: () => EditNode): EditNode {
    let left = operand();
    for (;;) {
      const operator = operators.find((symbol) => this.#takes(symbol));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: operand() };
    }
  }

  #atom(): EditNode {
    const token = this.#peek;
    if (this.#takes('(')) {
      const inner = this.#program();
      this.#needs(')');
      return inner;
    }
    if (token.text === '.' && token.kind === 'symbol') return this.#path();
    this.#next++;
    if (token.kind === 'number') return { kind: 'literal', value: numberOf(token.text) };
    if (token.kind === 'string') return { kind: 'literal', value: JSON.parse(token.text) };
    if (token.kind === 'name') return this.#named(token);
    throw this.#wrong(
      token.kind === 'end' ? 'something is missing here' : 'no value begins like this',
      token,
    );
  }

  #named(token: Token): EditNode {
    if (['true', 'false', 'null'].includes(token.text)) {
      return { kind: 'literal', value: JSON.parse(token.text) };
    }
    if ((editFunctions as readonly string[]).includes(token.text)) {
      return { kind: 'call', name: token.text };
    }
    throw this.#wrong(`there is no function "${token.text}"`, token);
  }

  /** `.a.b`, `.a[0]`, `."a b"`, `.["a"]`; `.` alone is the value itself. */
  #path(): EditNode {
    const steps: (string | number)[] = [];
    while (this.#takes('.') || this.#peekIs('[')) {
      if (this.#takes('[')) {
        const { kind, text } = this.#peek;
        if (kind !== 'number' && kind !== 'string')
          throw this.#wrong('here must be a number or a name');
        this.#next++;
        steps.push(JSON.parse(text) as string | number);
        this.#needs(']');
      } else if (this.#peek.kind === 'name') steps.push(this.#takeText());
      else if (this.#peek.kind === 'string') steps.push(JSON.parse(this.#takeText()) as string);
      else if (steps.length > 0) throw this.#wrong('here must be the name of a field');
    }
    return { kind: 'path', steps };
  }

  #peekIs(symbol: string): boolean {
    return this.#peek.kind === 'symbol' && this.#peek.text === symbol;
  }

  #takeText(): string {
    const { text } = this.#peek;
    this.#next++;
    return text;
  }

  #wrong(what: string, { at }: Token = this.#peek): MillraceError {
    const message = `the expression \`${this.#text}\` is wrong at character ${at + 1}: ${what}`;
    return new MillraceError('MR_USAGE', message, {
      fix: `as in: .amount |= round | .currency = "EUR" | del(.debug); functions: ${editFunctions.join(', ')}`,
    });
  }
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let at = 0; text.slice(at).trim() !== ''; at = tokenPattern.lastIndex) {
    const groups = tokenPattern.exec(text)?.groups;
    const found = Object.entries(groups ?? {}).find(([, part]) => part !== undefined);
    if (found?.[1] === undefined) {
      const message = `the expression \`${text}\` has something unknown after character ${at}`;
      throw new MillraceError('MR_USAGE', message, { fix: 'as in: .amount |= round' });
    }
    const [kind, part] = found as [Token['kind'], string];
    // `.a -1` is a difference: a sign belongs to a number only where a value may begin.
    const isSigned = kind === 'number' && part.startsWith('-') && endsValue(tokens.at(-1));
    const start = tokenPattern.lastIndex - part.length;
    if (isSigned) {
      tokens.push({ kind: 'symbol', text: '-', at: start });
      tokens.push({ kind, text: part.slice(1), at: start + 1 });
    } else tokens.push({ kind, text: part, at: start });
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }];
}

function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  return token.kind !== 'symbol' || token.text === ')' || token.text === ']' || token.text === '.';
}

function numberOf(text: string): number | bigint {
  const value = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value;
}
