// Errors of SQL text: what is wrong, then line and column with the line itself and a caret under the
// place. Positions are offsets into the text; they are only counted into lines when something is wrong.
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

export type SqlErrorCode = Extract<ErrorCode, `MR_SQL_${string}`>;

/** Where in the text, from 1; columns count characters. */
export interface SqlPlace {
  readonly line: number;
  readonly column: number;
}

/** Something wrong at an offset, before the text is known. */
export class SqlProblem extends Error {
  readonly code: SqlErrorCode;
  readonly at: number;
  readonly fix: string | undefined;

  constructor(code: SqlErrorCode, at: number, message: string, fix?: string) {
    super(message);
    this.code = code;
    this.at = at;
    this.fix = fix;
  }
}

/** Says that the text is no SQL. */
export function syntaxProblem(at: number, message: string, fix?: string): SqlProblem {
  return new SqlProblem('MR_SQL_SYNTAX', at, message, fix);
}

/** Says that it is SQL, and nothing that the engine runs. */
export function refusal(at: number, message: string, fix: string): SqlProblem {
  return new SqlProblem('MR_SQL_REFUSED', at, message, fix);
}

export function nameProblem(at: number, message: string, fix?: string): SqlProblem {
  return new SqlProblem('MR_SQL_NAME', at, message, fix);
}

export function typeProblem(at: number, message: string, fix?: string): SqlProblem {
  return new SqlProblem('MR_SQL_TYPE', at, message, fix);
}

export function placeOf(text: string, at: number): SqlPlace {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return { line, column: [...text.slice(lineStart, at)].length + 1 };
}

/** Runs something over a text; a problem of it comes out as an error that shows the place. */
export function withPlaces<T>(text: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof SqlProblem ? shown(text, error) : error;
  }
}

function shown(text: string, problem: SqlProblem): MillraceError {
  const { line, column } = placeOf(text, problem.at);
  const source = (text.split('\n')[line - 1] ?? '').replaceAll('\t', ' ').trimEnd();
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  const message = [
    `${problem.message}, at line ${line}, column ${column}`,
    ` ${number} | ${source}`,
    ` ${gutter} | ${' '.repeat(column - 1)}^`,
  ].join('\n');
  return new MillraceError(problem.code, message, {
    context: { line, column },
    ...(problem.fix === undefined ? {} : { fix: problem.fix }),
  });
}
