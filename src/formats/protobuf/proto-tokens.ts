// `.proto` text as words, numbers, strings and signs, without comments.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

const pattern =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>[0-9][A-Za-z0-9_.+-]*|\.[0-9]+)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<sign>[{}[\]()<>;:=,.+\-/])/y;

/** Reads tokens one after the other; what is not expected is MR_SCHEMA_INVALID with its line. */
export class ProtoTokens {
  readonly #tokens: readonly string[];
  readonly #lines: readonly number[];
  #at = 0;

  constructor(source: string) {
    const tokens: string[] = [];
    const lines: number[] = [];
    let line = 1;
    pattern.lastIndex = 0;
    for (let at = 0; at < source.length; at = pattern.lastIndex) {
      pattern.lastIndex = at;
      const match = pattern.exec(source);
      if (match === null) throw invalidProto(line, `has ${JSON.stringify(source[at])}`);
      const { word, number, text, sign } = match.groups as Readonly<Record<string, string>>;
      const token = word ?? number ?? text ?? sign;
      if (token !== undefined) {
        tokens.push(token);
        lines.push(line);
      }
      line += match[0].split('\n').length - 1;
    }
    this.#tokens = tokens;
    this.#lines = lines;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  get peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  next(): string {
    if (this.isAtEnd) throw this.wrong('ends too early');
    return this.#tokens[this.#at++] as string;
  }

  /** Takes the token when it is next. */
  take(token: string): boolean {
    if (this.peek !== token) return false;
    this.#at++;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw this.wrong(`has "${this.peek}" where "${token}" belongs`);
  }

  word(): string {
    const token = this.next();
    if (/^[A-Za-z_]/.test(token)) return token;
    throw this.wrong(`has "${token}" where a name belongs`);
  }

  /** A name with dots in it; it may begin with one. */
  dotted(): string {
    let name = this.take('.') ? '.' : '';
    name += this.word();
    while (this.take('.')) name += `.${this.word()}`;
    return name;
  }

  whole(): number {
    const sign = this.take('-') ? -1 : 1;
    const token = this.next();
    const value = Number(token);
    if (/^\d/.test(token) && Number.isInteger(value)) return sign * value;
    throw this.wrong(`has "${token}" where a number belongs`);
  }

  /** Passes over everything up to the end of a statement, or over a block in braces. */
  skipStatement(): void {
    for (let depth = 0; ; ) {
      const token = this.next();
      if (token === '{' || token === '[' || token === '(') depth++;
      else if (token === '}' || token === ']' || token === ')') depth--;
      if (depth < 0) throw this.wrong('closes what it did not open');
      if (depth === 0 && (token === ';' || token === '}')) return;
    }
  }

  /** Passes over `[…]` behind a field. */
  skipOptions(): void {
    if (!this.take('[')) return;
    for (let depth = 1; depth > 0; ) {
      const token = this.next();
      if (token === '[') depth++;
      else if (token === ']') depth--;
    }
  }

  wrong(problem: string): MillraceError {
    return invalidProto(this.#lines[Math.max(0, this.#at - 1)] ?? 1, problem);
  }
}

function invalidProto(line: number, problem: string): MillraceError {
  return new MillraceError('MR_SCHEMA_INVALID', `line ${line} of the Protobuf schema ${problem}`, {
    fix: 'correct the schema',
  });
}
