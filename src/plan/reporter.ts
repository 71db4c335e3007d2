// Where the parts of validation put what they find. Nobody stops at the first problem.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';
import type { Problem } from '../kernel/errors/millrace-error.ts';

export interface Reporter {
  error(path: string, code: ErrorCode, message: string, fix?: string): void;
  warn(path: string, code: ErrorCode, message: string, fix?: string): void;
}

/** A reporter that keeps everything in `problems`, each finding once. */
export function collectingReporter(problems: Problem[]): Reporter {
  const add =
    (severity: Problem['severity']): Reporter['error'] =>
    (path, code, message, fix) => {
      if (problems.some((p) => p.path === path && p.message === message)) return;
      problems.push({ severity, code, path, message, ...(fix === undefined ? {} : { fix }) });
    };
  return { error: add('error'), warn: add('warning') };
}
