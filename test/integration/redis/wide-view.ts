// The view that serving is measured with: 50 features (20 int64, 20 float64, 10 strings) of an int64
// key, 1,000 rows, the same values in every store and in the peer.
import { packRows } from '../../../src/columns/packed-row-writer.ts';
import type { VectorBatch } from '../../../src/columns/vector-batch.ts';
import type { Field, Value } from '../../../src/kernel/types/field-type.ts';
import type { FeatureNode, Plan } from '../../../src/plan/plan.ts';
import type { OnlineStore, StoredView } from '../../../src/ports/online-store.ts';
import { vectorBatch } from '../../../src/testing/vectors.ts';

export const itemCount = 1000;
const key: readonly Field[] = [{ name: 'item_id', type: { kind: 'int64' }, nullable: false }];
export const wideFeatures: readonly Field[] = [
  ...fieldsOf('i', 20, 'int64'),
  ...fieldsOf('d', 20, 'float64'),
  ...fieldsOf('s', 10, 'string'),
];
export const wideStored: StoredView = {
  view: 'item_wide',
  key,
  features: wideFeatures,
  fingerprint: 'wide',
};

function fieldsOf(prefix: string, count: number, kind: 'int64' | 'float64' | 'string'): Field[] {
  return Array.from({ length: count }, (_, j) => ({
    name: `${prefix}${String(j).padStart(2, '0')}`,
    type: { kind },
    nullable: true,
  }));
}

function valueOf(name: string, item: number): Value {
  const j = Number(name.slice(1));
  if (name.startsWith('i')) return BigInt(item * 100 + j);
  return name.startsWith('d') ? (item * 31 + j * 7) / 97 : `val-${item}-${j}`;
}

export function widePlan(): Plan {
  const features = wideFeatures.map(
    (field): FeatureNode => ({
      kind: 'feature',
      uid: field.name,
      ...field,
      aggregate: {
        kind: 'aggregate',
        fn: 'last',
        input: { kind: 'column', ...field },
        where: null,
        distinct: false,
        limit: null,
        quantile: null,
      },
      window: { kind: 'lifetime' },
    }),
  );
  return {
    kind: 'plan',
    version: 1,
    entities: [{ kind: 'entity', name: 'item', key, description: null }],
    streams: [],
    views: [
      {
        kind: 'view',
        name: 'item_wide',
        uid: 'item_wide',
        entity: 'item',
        key: key.map((field) => ({ ...field, value: { kind: 'column', ...field } })),
        from: { kind: 'scan', stream: 'events' },
        features,
        derived: [],
        emit: 'arrival',
        decayMs: null,
        ttlMs: 30 * 86_400_000,
        freshnessMs: null,
        owner: null,
        description: null,
        tags: [],
      },
    ],
    services: [],
  };
}

function wideBatch(from: number, count: number): VectorBatch {
  const nowMs = Date.now();
  const rows = Array.from({ length: count }, (_, i) => ({
    key: { item_id: BigInt(from + i) },
    values: Object.fromEntries(
      wideFeatures.map(({ name }) => [name, valueOf(name, from + i)] as const),
    ),
    asOfMs: nowMs,
    seq: 1,
  }));
  return vectorBatch(wideStored, rows);
}

/** Writes all rows, as of now. */
export async function fillWide(store: OnlineStore): Promise<void> {
  for (let from = 0; from < itemCount; from += 100) await store.write(wideBatch(from, 100));
}

/** All rows as stores of packed rows keep them. */
export function packedWideRows(): readonly Uint8Array[] {
  return packRows(wideBatch(0, itemCount), Array(itemCount).keys());
}

/** Requests for all features of `rowCount` rows each, 200 different ones. */
export function requestBodies(rowCount: number): readonly string[] {
  const features = wideFeatures.map(({ name }) => `item_wide:${name}`);
  return Array.from({ length: 200 }, (_, n) => {
    const item_id = Array.from({ length: rowCount }, (_row, i) => (n * 7919 + i * 37) % itemCount);
    return JSON.stringify({ features, entities: { item_id } });
  });
}
