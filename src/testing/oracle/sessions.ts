// Sessions of one key and gap: element windows [ts, ts + gap) that overlap or touch are merged
// unless the session was closed. Merging comes before the test for lateness.
import type { OracleRecord } from './records.ts';

export interface Session {
  start: number;
  end: number;
  records: OracleRecord[];
  isClosed: boolean;
}

/** The sessions with the record's window merged in, or null when the merged session is past. */
export function mergeSession(
  sessions: readonly Session[],
  record: OracleRecord,
  gapMs: number,
): Session[] | null {
  const own = { start: record.ts, end: record.ts + gapMs };
  const met = sessions.filter(
    (session) => !session.isClosed && session.start <= own.end && own.start <= session.end,
  );
  const merged: Session = {
    start: Math.min(own.start, ...met.map(({ start }) => start)),
    end: Math.max(own.end, ...met.map(({ end }) => end)),
    records: [...met.flatMap(({ records }) => records), record],
    isClosed: false,
  };
  if (merged.end - 1 <= record.watermarkMs) return null;
  return [...sessions.filter((session) => !met.includes(session)), merged];
}

/** Records of the complete session with the greatest end at an instant. */
export function sessionAt(sessions: readonly Session[], instant: number): readonly OracleRecord[] {
  const complete = sessions.filter(({ end }) => end - 1 <= instant);
  const latest = complete.reduce<Session | null>(
    (best, session) => (best === null || session.end > best.end ? session : best),
    null,
  );
  return latest?.records ?? [];
}
