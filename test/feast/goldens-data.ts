// The rows that `test/fixtures/feast/repo/make_data.py` makes and Feast materialised: the newest per
// key, from the same formulas.
import type { Value } from '../../src/kernel/types/field-type.ts';
import { featureFields } from '../../src/plan/plan.ts';
import type { OnlineStore, StoredView } from '../../src/ports/online-store.ts';
import { type VectorRow, vectorBatch } from '../../src/testing/vectors.ts';
import { goldensPlan } from './goldens-plan.ts';

const base = Date.UTC(2026, 10, 20);
const rowCount = 1000;
/** Microseconds that odd items carry, as a fraction of a millisecond. */
const micros = 123.456;

const at = (seconds: number): number => base + seconds * 1000;

function row(
  eventTimeMs: number,
  key: Readonly<Record<string, Value>>,
  values: Readonly<Record<string, Value>>,
): VectorRow {
  return { key, values, asOfMs: eventTimeMs, seq: 1, eventTimeMs };
}

const userId = (i: number): string => `u${String(i).padStart(4, '0')}`;

function userStats(i: number): VectorRow {
  const unless = (digit: number, value: Value): Value => (i % 10 === digit ? null : value);
  const [whole, next, negative] = [BigInt(i), BigInt(i + 1), BigInt(-(i + 2))];
  return row(
    at(i + 60),
    { user_id: userId(i) },
    {
      clicks: unless(3, BigInt(i * 10 + 1)),
      spend: unless(4, Number((i * 1.25 + 0.1).toFixed(4))),
      country: unless(5, ['NL', 'DE', 'fr-é', '日本'][i % 4] ?? null),
      is_premium: unless(6, i % 2 === 1),
      recent_items: i % 10 === 7 ? [] : [whole, next, negative],
      last_seen: unless(8, at(-i * 3600)),
    },
  );
}

function itemStats(i: number): VectorRow {
  return row(
    at(i) + (i % 2 === 1 ? micros : 0),
    { item_id: BigInt(i - 5) },
    {
      price: i / 7,
      views: BigInt(i * i - 3),
      title: `item-${i}`,
      in_stock: i % 3 === 0,
      tag_ids: [BigInt(i % 5), BigInt(i % 7)],
      listed_at: at(-86_400 * (i % 400)),
      rank32: i - 500,
      ratio32: i / 4,
      blob: Uint8Array.of(i % 256, 0, 255),
      names: [`a${i}`, ''],
      embed: [i * 0.5, -1.5, 0],
      flags: [true, i % 2 === 0],
      stamps: [at(0), at(i)],
    },
  );
}

function userItem(i: number): VectorRow {
  const key = { user_id: userId(i), item_id: BigInt(i * 2) };
  return row(at(i), key, { score: i / 1000, n: BigInt(i), label: `L${i % 3}` });
}

function pages(i: number): VectorRow {
  const values = { last_page: `/p/${i}`, session_len: BigInt(i) };
  return row(at(i), { user_id: userId(i) }, values);
}

const rowsOf: Readonly<Record<string, (i: number) => VectorRow>> = {
  user_stats: userStats,
  item_stats: itemStats,
  user_item: userItem,
  user_push: pages,
  user_stream: pages,
};

export const goldensViews: readonly StoredView[] = goldensPlan.views.map((view) => ({
  view: view.name,
  key: view.key.map(({ name, type, nullable }) => ({ name, type, nullable })),
  features: featureFields(view),
  fingerprint: view.name,
}));

/** Writes every row into a store that was opened with `goldensViews`. */
export async function fillGoldens(store: OnlineStore): Promise<void> {
  for (const view of goldensViews) {
    const rows = Array.from({ length: rowCount }, (_, i) => rowsOf[view.view]?.(i));
    await store.write(
      vectorBatch(
        view,
        rows.filter((made) => made !== undefined),
      ),
    );
  }
}
