// Made-up purchases for a new project: the same bytes for the same seed, so that what the documents
// print is what a reader sees. Event times are slightly out of order, as real ones are.
import { type Random, seededRandom } from '../../kernel/random.ts';

export interface SampleOptions {
  readonly events: number;
  readonly users: number;
  readonly seed: number;
}

const startMs = Date.UTC(2026, 0, 5);
const spanMs = 3 * 86_400_000;
const disorderMs = 4000;
const categories = ['books', 'food', 'games', 'music', 'travel', null];

/** Lines of `data/purchases.jsonl`, about three days of them. */
export function samplePurchases({ events, users, seed }: SampleOptions): string {
  const random = seededRandom(seed);
  const lines: string[] = [];
  for (let i = 0; i < events; i++) {
    lines.push(
      JSON.stringify({
        event_id: `e${String(i + 1).padStart(6, '0')}`,
        user_id: `u${1 + pickSkewed(random, users)}`,
        amount: Math.round(random.next() ** 3 * 90_000) / 100,
        category: categories[Math.floor(random.next() * categories.length)],
        ts: Math.round(startMs + (i / events) * spanMs - random.next() * disorderMs),
      }),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Lines of `data/labels.csv`: users at instants, and whether the purchase then was a fraud. */
export function sampleLabels({ events, users, seed }: SampleOptions): string {
  const random = seededRandom(seed);
  const lines = ['user_id,event_timestamp,is_fraud'];
  for (let i = 0; i < events; i++) {
    const user = `u${1 + pickSkewed(random, users)}`;
    const at = new Date(Math.round(startMs + random.next() * spanMs)).toISOString();
    lines.push(`${user},${at},${random.next() < 0.05}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Small numbers come more often, as some customers buy more than others. */
function pickSkewed(random: Random, count: number): number {
  return Math.floor(random.next() ** 2 * count);
}
