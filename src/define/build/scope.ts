// Where in a definition something is wrong: a path, and the list that problems go to. Reading a
// definition goes on after a problem with something harmless in its place.
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Reporter } from '../../plan/reporter.ts';
import { unknownFieldMark } from '../expressions/fields-proxy.ts';
import { parseDuration } from '../../kernel/duration.ts';

const durationFix = "write a number and a unit: '250ms', '30s', '5m', '1h', '8d'; '1h30m' too";

export interface Scope {
  readonly path: string;
  readonly report: Reporter;
}

/** The same list, one step further in. */
export function inside(scope: Scope, name: string): Scope {
  return { ...scope, path: `${scope.path}.${name}` };
}

export function fail(scope: Scope, code: ErrorCode, message: string, fix?: string): void {
  scope.report.error(scope.path, code, message, fix);
}

/** Sentences of expressions: those of unknown fields hide what follows from them. */
export function failAll(scope: Scope, sentences: readonly string[]): void {
  const unknown = sentences.filter((sentence) => sentence.startsWith(unknownFieldMark));
  for (const sentence of unknown) fail(scope, 'MR_DEFINITION_UNKNOWN_FIELD', sentence);
  if (unknown.length > 0) return;
  for (const sentence of sentences) fail(scope, 'MR_DEFINITION_TYPE', sentence);
}

/** Milliseconds of a duration text; null when it is missing, or wrong and reported. */
export function readDuration(scope: Scope, text: unknown): number | null {
  if (text === undefined) return null;
  const ms = typeof text === 'string' ? parseDuration(text) : null;
  if (ms === null) {
    fail(scope, 'MR_DEFINITION_DURATION', `${show(text)} is not a duration`, durationFix);
  }
  return ms;
}

/** Reports option names that mean nothing; `known` has every name that does. */
export function checkOptions(
  scope: Scope,
  options: object,
  known: Readonly<Record<string, true>>,
): void {
  const names = Object.keys(known);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const message = `there is no option "${name}"`;
    fail(inside(scope, name), 'MR_DEFINITION_INVALID', message, suggestName(name, names));
  }
}

/** A text option; null when it is missing, or wrong and reported. */
export function readText(scope: Scope, value: unknown): string | null {
  if (value === undefined || typeof value === 'string') return value ?? null;
  fail(scope, 'MR_DEFINITION_INVALID', `${show(value)} is not text`);
  return null;
}

/** A value as it was written, short. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
  return JSON.stringify(value) ?? 'undefined';
}
