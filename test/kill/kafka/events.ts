// Events of the killed job, and what must come of them: each event is the nth of its user, and gives one
// row that says n.
import type { TestRecord } from '../../integration/kafka/topics.ts';

const users = 40;
const startMs = Date.UTC(2026, 0, 1);

/** Event i; all of a user go to one partition. */
export function eventOf(i: number, partitions: number): TestRecord {
  const user = (i * 7) % users;
  const value = { ts: startMs + i * 10, user_id: `u${user}`, amount: i % 100 };
  return { partition: user % partitions, key: `u${user}`, value: JSON.stringify(value) };
}

/** What came out, against what had to: nothing more and nothing less. */
export interface Verdict {
  readonly rows: number;
  readonly expected: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

export function judge(eventCount: number, rows: readonly string[]): Verdict {
  const expected = new Map<string, number>();
  const counts = new Map<number, number>();
  for (let i = 0; i < eventCount; i++) {
    const user = (i * 7) % users;
    const n = (counts.get(user) ?? 0) + 1;
    counts.set(user, n);
    expected.set(`u${user} ${n}`, 0);
  }
  const doubled: string[] = [];
  for (const row of rows) {
    const { user_id, n } = JSON.parse(row) as { user_id: string; n: number };
    const name = `${user_id} ${n}`;
    const seen = expected.get(name) ?? 1;
    if (seen > 0) doubled.push(name);
    expected.set(name, seen + 1);
  }
  const lost = [...expected].filter(([, seen]) => seen === 0).map(([name]) => name);
  return { rows: rows.length, expected: eventCount, lost, doubled };
}
