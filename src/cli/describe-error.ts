// Errors as people and machines read them: code, what, where, what to do. A stack trace appears only
// for bugs of ours.
import { MillraceError, type Problem, ProblemsError } from '../kernel/errors/millrace-error.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';

/** The lines on stderr. */
export function describeError(error: unknown): string {
  if (error instanceof ProblemsError) return describeProblems(error.problems);
  if (exitCodeOf(error) === exitCodes.bug) return describeBug(error);
  if (!(error instanceof MillraceError)) return describeBug(error);
  const where = whereOf(error);
  return [
    `error ${error.code}: ${error.message}`,
    ...(where === '' ? [] : [`  where: ${where}`]),
    ...(error.fix === undefined ? [] : [`  fix: ${error.fix}`]),
  ].join('\n');
}

/** Every problem with its place and its fix, errors first. */
export function describeProblems(problems: readonly Problem[]): string {
  const ordered = [...problems].sort((a, b) => rank(a) - rank(b));
  return ordered
    .map(({ severity, code, path, message, fix }) =>
      [
        `${severity} ${code}: ${message}`,
        ...(path === '' ? [] : [`  where: ${path}`]),
        ...(fix === undefined ? [] : [`  fix: ${fix}`]),
      ].join('\n'),
    )
    .join('\n');
}

/** The JSON document that stands in for a result. */
export function errorDocument(error: unknown): {
  readonly error: Readonly<Record<string, unknown>>;
} {
  if (!(error instanceof MillraceError)) {
    return { error: { code: 'MR_INTERNAL', message: messageOf(error) } };
  }
  const { code, message, fix } = error;
  const where = whereOf(error);
  const problems = error instanceof ProblemsError ? error.problems : undefined;
  return { error: { code, message, ...(where === '' ? {} : { where }), fix, problems } };
}

function rank(problem: Problem): number {
  return problem.severity === 'error' ? 0 : 1;
}

function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `error MR_INTERNAL: ${messageOf(error)}`,
    '  this is a bug of millrace, not of your definitions or data',
    '  fix: please report it, with the lines below',
    stack,
  ].join('\n');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function whereOf(error: MillraceError): string {
  return Object.entries(error.context)
    .filter(([, value]) => value !== undefined && typeof value !== 'object')
    .map(([name, value]) => (name === 'path' ? String(value) : `${name} ${String(value)}`))
    .join(', ');
}
