// The one error class. A message says what failed, where, and what to do; the code is stable and
// has an entry in docs/errors.md. Payloads of records never enter a message's context.
import type { Blame, Retry } from './blame.ts';
import { type ErrorCode, errorCatalogue } from './catalogue.ts';

/** Where it happened. Keys are hashed before they come here. */
export interface ErrorContext {
  readonly path?: string;
  readonly job?: string;
  readonly operatorUid?: string;
  readonly split?: string;
  readonly offset?: number | bigint;
  readonly keyHash?: string;
  readonly [name: string]: unknown;
}

export interface MillraceErrorOptions {
  readonly context?: ErrorContext;
  /** What to do about it, in one sentence. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** Every error that millrace throws on purpose: stable `code`, who is to `blame`, and the `fix`. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly blame: Blame;
  readonly retry: Retry;
  readonly context: ErrorContext;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.blame = errorCatalogue[code].blame;
    this.retry = errorCatalogue[code].retry;
    this.context = options.context ?? {};
    this.fix = options.fix;
  }
}

/** One finding of validation. Definition problems are collected and reported together. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  /** Where, as in `user_spend.features.spend_1h.window`. */
  readonly path: string;
  readonly message: string;
  readonly fix?: string;
}

/** Thrown when definitions or configuration have errors: carries every problem found. */
export class ProblemsError extends MillraceError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], code: ErrorCode = 'MR_DEFINITION_INVALID') {
    const errors = problems.filter((p) => p.severity === 'error');
    super(
      code,
      `${errors.length} problem${errors.length === 1 ? '' : 's'} found:\n${formatProblems(errors)}`,
    );
    this.problems = problems;
  }
}

export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}

export function formatProblem(problem: Problem): string {
  const fix = problem.fix === undefined ? '' : `\n    fix: ${problem.fix}`;
  return `  ${problem.severity} ${problem.code} at ${problem.path}: ${problem.message}${fix}`;
}
