// Rows as the deployed job writes them into its upsert topics.
import { produce } from '../../kafka/topics.ts';

export const users: readonly string[] = Array.from({ length: 40 }, (_, i) => `u${i}`);
export const startMs: number = Date.UTC(2026, 10, 20);

/** Values of a row by the number of its instant. */
export const groups = {
  rolling_1h: (n: number) => ({ spent: n / 2, bought: n }),
  tumbling_5m: (n: number) => ({ bought_5m: n }),
  rolling_1d: (n: number) => ({ bought_1d: n }),
};

export type GroupName = keyof typeof groups;

/** The topic of a group of the view. */
export function topicOf(group: GroupName): string {
  return `millrace.shop.fleet.spend.${group}`;
}

/** One row of each user for each instant, in order. */
export async function writeRows(
  brokers: readonly string[],
  group: GroupName,
  instants: readonly number[],
): Promise<void> {
  const records = instants.flatMap((n) =>
    users.map((user_id) => ({
      key: JSON.stringify({ user_id }),
      value: rowText(group, user_id, n),
    })),
  );
  await produce(brokers, topicOf(group), records);
}

function rowText(group: GroupName, user_id: string, n: number): string {
  const at = new Date(startMs + n * 1000).toISOString();
  return JSON.stringify({ user_id, event_time: at, as_of: at, ...groups[group](n) });
}

/** Numbers from one to another, both included. */
export function from(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
