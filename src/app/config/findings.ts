// Problems of an environment as they are found, each at its place in the configuration.
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import type { Problem } from '../../kernel/errors/millrace-error.ts';

export class Findings {
  readonly problems: Problem[] = [];
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** `text`: what is wrong, and what to do. */
  add(severity: Problem['severity'], code: ErrorCode, place: string, text: [string, string]): void {
    const [message, fix] = text;
    const path = place === '' ? this.#prefix : `${this.#prefix}.${place}`;
    this.problems.push({ severity, code, path, message, fix });
  }
}
