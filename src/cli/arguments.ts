// Texts of the command line as values; what cannot be read is MR_USAGE with an example.
import { parseDuration } from '../kernel/duration.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';

/** An instant as epoch ms: ISO text in UTC, or epoch milliseconds. */
export function parseInstant(option: string): (text: string) => number {
  return (text) => {
    const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
    if (Number.isFinite(ms)) return ms;
    throw new MillraceError('MR_USAGE', `${option} "${text}" is not an instant`, {
      fix: `write ${option} 2026-11-20T00:00:00Z, or epoch milliseconds`,
    });
  };
}

/** A duration such as `30s`, in ms. */
export function parseMs(option: string): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms !== null) return ms;
    throw new MillraceError('MR_USAGE', `${option} "${text}" is not a duration`, {
      fix: `write ${option} 30s, or 5m`,
    });
  };
}

/** A number that is not negative. */
export function parseNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
    throw new MillraceError('MR_USAGE', `${option} must be a number, not "${text}"`);
  };
}

/** Collects an option that may be given more than once. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
