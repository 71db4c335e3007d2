// Duration texts of definitions → milliseconds, with the problem said where it stands.
import { parseDuration } from '../kernel/duration.ts';

export type ProblemSink = (message: string, fix?: string) => void;

const fix = "write a number and a unit: '250ms', '30s', '5m', '1h', '8d'; '1h30m' too";

/** Milliseconds; a text that is no duration is reported and read as null. */
export function readDuration(text: unknown, report: ProblemSink): number | null {
  const ms = typeof text === 'string' ? parseDuration(text) : null;
  if (ms === null) report(`${JSON.stringify(text)} is not a duration`, fix);
  return ms;
}
