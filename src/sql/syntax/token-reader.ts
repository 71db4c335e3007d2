// Walks over tokens. Everything that the parsers ask of the text is here, with what was expected where.
import { syntaxProblem } from './sql-error.ts';
import type { Token } from './tokenize.ts';

export class TokenReader {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#position] as Token;
  }

  get at(): number {
    return this.current.at;
  }

  get isEnd(): boolean {
    return this.current.kind === 'end';
  }

  peek(distance: number): Token {
    const last = this.#tokens.length - 1;
    return this.#tokens[Math.min(this.#position + distance, last)] as Token;
  }

  next(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.#position++;
    return token;
  }

  /** Whether the next tokens are these keywords. */
  isWords(...words: readonly string[]): boolean {
    return words.every((word, i) => {
      const token = this.peek(i);
      return token.kind === 'word' && token.text === word;
    });
  }

  isSign(sign: string): boolean {
    return this.current.kind === 'sign' && this.current.text === sign;
  }

  /** Takes these keywords if they are next. */
  takeWords(...words: readonly string[]): boolean {
    if (!this.isWords(...words)) return false;
    this.#position += words.length;
    return true;
  }

  takeSign(sign: string): boolean {
    if (!this.isSign(sign)) return false;
    this.#position++;
    return true;
  }

  expectWords(...words: readonly string[]): void {
    for (const word of words) if (!this.takeWords(word)) throw this.expected(word);
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw this.expected(`"${sign}"`);
  }

  /** A name: a word that was quoted or not. */
  expectName(what: string): string {
    const token = this.current;
    if (token.kind !== 'word' && token.kind !== 'quoted') throw this.expected(what);
    this.#position++;
    return token.raw;
  }

  /** What is written before a sign, as it is: names and values without quotes. */
  rawUntil(sign: string, what: string): string {
    let text = '';
    while (!this.isEnd && !this.isSign(sign) && !this.isSign(';')) {
      const token = this.next();
      text += token.kind === 'string' ? token.text : token.raw;
    }
    if (text === '') throw this.expected(what);
    return text;
  }

  /** `catalog.database.table`: the table, as only that is known here. */
  restOfPath(first: string): string {
    let name = first;
    while (this.takeSign('.')) name = this.expectName('a name');
    return name;
  }

  expectText(what: string): string {
    const token = this.current;
    if (token.kind !== 'string') throw this.expected(what);
    this.#position++;
    return token.text;
  }

  expectWhole(what: string): number {
    const token = this.current;
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.expected(what);
    this.#position++;
    return Number(token.text);
  }

  /** One or more of something, between commas. */
  list<T>(read: () => T): T[] {
    const items = [read()];
    while (this.takeSign(',')) items.push(read());
    return items;
  }

  /** The error of something that is not there. */
  expected(what: string): Error {
    const { kind, raw } = this.current;
    const found = kind === 'end' ? 'the text ends' : `${raw} stands`;
    return syntaxProblem(this.at, `${what} is expected where ${found}`);
  }
}
