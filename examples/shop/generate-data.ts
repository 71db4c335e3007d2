// Writes data/purchases.jsonl (made-up purchases, slightly out of order) and data/labels.csv (users at
// instants, for training sets). The same numbers every time.
//   node scripts/up.mjs examples/shop/generate-data.ts [events]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const categories = ['books', 'food', 'games', 'music', 'travel', null];
const startMs = Date.UTC(2026, 0, 5);
const spanMs = 3 * 86_400_000;
const disorderMs = 4000;
const users = 500;
const labels = 2000;

/** Numbers in [0, 1), the same for the same seed (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Small numbers come more often, as some customers buy more than others. */
function pickUser(next: () => number): string {
  return `u${1 + Math.floor(next() ** 2 * users)}`;
}

/** JSON lines of purchases, about three days of them. */
export function purchases(events: number): string {
  const next = numbers(7);
  const lines = Array.from({ length: events }, (_, i) =>
    JSON.stringify({
      event_id: `e${String(i + 1).padStart(7, '0')}`,
      user_id: pickUser(next),
      amount: Math.round(next() ** 3 * 90_000) / 100,
      category: categories[Math.floor(next() * categories.length)],
      ts: Math.round(startMs + (i / events) * spanMs - next() * disorderMs),
    }),
  );
  return `${lines.join('\n')}\n`;
}

/** CSV of labels: was the purchase that a user made around then a fraud? */
export function fraudLabels(count: number): string {
  const next = numbers(11);
  const lines = Array.from({ length: count }, () => {
    const user = pickUser(next);
    const at = new Date(Math.round(startMs + next() * spanMs)).toISOString();
    return `${user},${at},${next() < 0.05}`;
  });
  return `user_id,event_timestamp,is_fraud\n${lines.join('\n')}\n`;
}

if (import.meta.main) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'data');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'purchases.jsonl'), purchases(Number(process.argv[2] ?? 50_000)));
  writeFileSync(join(folder, 'labels.csv'), fraudLabels(labels));
  process.stdout.write(`examples/shop/data: purchases.jsonl, labels.csv\n`);
}
