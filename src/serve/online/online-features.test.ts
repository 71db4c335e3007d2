import { expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { type Plan, featureFields } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { createFeatureReader } from '../read/feature-reader.ts';
import { createServeMetrics } from '../read/serve-metrics.ts';
import { createServedCatalogue } from '../read/served-catalogue.ts';
import { anybody } from './caller.ts';
import { createOnlineFeatures } from './online-features.ts';

const fields: readonly Field[] = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'double', type: { kind: 'float64' }, nullable: true },
  { name: 'whole', type: { kind: 'int64' }, nullable: true },
  { name: 'text', type: { kind: 'string' }, nullable: true },
  { name: 'flag', type: { kind: 'bool' }, nullable: true },
  { name: 'items', type: { kind: 'list', item: { kind: 'float64' } }, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const lifetime = { kind: 'lifetime' } as const;
const base = singleViewPlan({
  fields,
  eventTime: { field: 'ts' },
  key: ['id'],
  features: fields
    .slice(1)
    .map((field) =>
      featureNode(field.name, { fn: 'last', input: columnNode(field), window: lifetime }),
    ),
});
const names = ['first', 'second', 'third'];
const plan: Plan = {
  ...base,
  views: base.views.flatMap((view) =>
    names.map((name, i) => ({ ...view, name, uid: name, ttlMs: i === 1 ? 500 : null })),
  ),
};
const nowMs = 1_790_000_000_000;
const clock = { ...systemClock, nowMs: () => nowMs };
const rowCount = 300;

interface AnswerBody {
  readonly metadata: { readonly feature_names: readonly string[] };
  readonly results: readonly {
    readonly values: readonly unknown[];
    readonly statuses: readonly unknown[];
    readonly event_timestamps: readonly string[];
  }[];
}

const exact = (_: string, value: unknown, context?: { readonly source: string }): unknown =>
  typeof value === 'number' ? `${context?.source}` : value;

function written(field: Field, value: Value): unknown {
  if (value === null) return null;
  if (field.type.kind === 'list') return (value as number[]).map((item) => doubleText(item));
  if (field.type.kind === 'float64') return doubleText(value as number);
  return field.type.kind === 'int64' || field.type.kind === 'timestamp' ? String(value) : value;
}

function doubleText(value: number): string {
  return Number.isInteger(value) && !String(value).includes('e') ? `${value}.0` : String(value);
}

const ids = Array.from({ length: rowCount }, (_, i) => BigInt(i) * 30_000_000_000_000_000n);

async function filledStore(): Promise<OnlineStore> {
  const random = seededRandom(11);
  const place = { project: 'p', baseDirectory: '.', mode: 'write' } as const;
  const stored = plan.views.map((view) => ({
    view: view.name,
    key: fields.slice(0, 1),
    features: featureFields(view),
    fingerprint: '1',
  }));
  const store = await memoryStore().open({ ...place, views: stored });
  for (const [at, view] of stored.entries()) {
    // Of the first two views all is there, of the second half of it old: only statuses and times of the
    // first are repeated as bytes.
    const isThere = (share: number): boolean => at < 2 || random.next() < share;
    const pick = (value: Value): Value => (isThere(0.8) ? value : null);
    const rowOf = (id: bigint, i: number) => ({
      key: { id },
      values: {
        double: pick((random.next() - 0.5) * 10 ** Math.floor(random.next() * 20 - 4)),
        whole: pick(id - 3n),
        text: pick(`"${i}" ü\n`),
        flag: pick(i % 2 === 0),
        items: pick([i / 7, i]),
        ts: nowMs - i,
      },
      asOfMs: nowMs,
      seq: 1,
      eventTimeMs: nowMs - Math.floor(random.next() * 1000),
    });
    const rows = ids.filter(() => isThere(0.7)).map(rowOf);
    await store.write(vectorBatch(view, rows));
  }
  return store;
}

function requestBody(): Buffer {
  const features = names.flatMap((view) => fields.slice(1).map(({ name }) => `${view}:${name}`));
  return Buffer.from(
    `{"features":${JSON.stringify(features)},"full_feature_names":true,` +
      `"instants":"milliseconds","entities":{"id":[${ids.join(',')}]}}`,
  );
}

it('gives hundreds of rows of several views as they were stored, null, missing or old', async () => {
  const store = await filledStore();
  const online = createOnlineFeatures({
    catalogue: createServedCatalogue(plan),
    store,
    now: clock,
    project: 'p',
    strict: false,
    valuesMax: 1_000_000,
    metrics: createServeMetrics(new MetricsRegistry(), names, () => 0),
    onServed: null,
  });
  const reader = createFeatureReader({ plan, store, clockMode: 'wall', clock });
  for (let round = 0; round < 2; round++) {
    const call = { isJson: true, requestId: null, caller: anybody };
    const answer = await online(requestBody(), call);
    const { metadata, results } = JSON.parse(answer.bytes.toString(), exact) as AnswerBody;
    for (const view of names) {
      const reads = await reader.getMany(
        view,
        ids.map((id) => ({ id })),
      );
      const times = reads.map(({ eventTime }) => formatInstant(eventTime ?? 0));
      for (const field of fields.slice(1)) {
        const column = results[metadata.feature_names.indexOf(`${view}__${field.name}`)];
        const values = reads.map((read) => written(field, read.values[field.name] ?? null));
        expect(column?.values).toEqual(values);
        expect(column?.statuses).toEqual(reads.map(({ status }) => status[field.name]));
        expect(column?.event_timestamps).toEqual(times);
      }
    }
    answer.release();
  }
  await store.close();
});
