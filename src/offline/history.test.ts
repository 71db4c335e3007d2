import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRow } from '../columns/read-value.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Field } from '../kernel/types/field-type.ts';
import type { StreamNode } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import { scriptedSource } from '../testing/scripted-source.ts';
import { History, type HistoryOptions, OutOfOrder } from './history.ts';

const fields: readonly Field[] = [
  { name: 'name', type: { kind: 'string' }, nullable: false },
  { name: 'unread', type: { kind: 'string' }, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const stream: StreamNode = {
  kind: 'stream',
  name: 's',
  uid: 's',
  fields,
  eventTime: {
    field: 'ts',
    outOfOrdernessMs: 0,
    idleTimeoutMs: null,
    maxAheadMs: null,
    maxDriftMs: null,
  },
  idField: null,
  description: null,
};

interface Row {
  readonly name: string;
  readonly ts: number;
}

function openSplits(splits: readonly (readonly Row[])[]): Promise<readonly SourceSplit[]> {
  const script = splits.map((rows, i) => [
    `split${i}`,
    rows.map((row) => ({ kind: 'row' as const, row: { ...row, unread: 'x' } })),
  ]);
  return scriptedSource({ splits: Object.fromEntries(script) }).open({
    stream: 's',
    rowType: { fields },
    eventTimeField: 'ts',
    startAt: new Map(),
    formats: new Map(),
    clock: systemClock,
    baseDirectory: '.',
    signal: new AbortController().signal,
  });
}

async function readAll(
  splits: readonly (readonly Row[])[],
  options: Partial<HistoryOptions>,
): Promise<Row[]> {
  const history = new History({
    stream,
    splits: await openSplits(splits),
    fields: new Set(['name']),
    latestMs: Number.POSITIVE_INFINITY,
    holdMs: 0,
    batchRows: 3,
    releaseRows: 4,
    onRead: () => undefined,
    ...options,
  });
  const rows: Row[] = [];
  for await (const batch of history.batches()) {
    for (let i = 0; i < batch.rowCount; i++) {
      const { name, ts } = readRow(batch.columns, fields, i);
      expect(batch.eventTimeMs[i]).toBe(ts);
      rows.push({ name: String(name), ts: Number(ts) });
    }
  }
  expect(history.recordsRead).toBe(splits.flat().length);
  return rows;
}

const times = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
const histories = fc
  .array(times, { minLength: 1, maxLength: 3 })
  .map((splits) => splits.map((split, s) => split.map((ts, i) => ({ name: `${s}.${i}`, ts }))));

/** How far any record comes behind the newest before it in its split. */
function disorderOf(splits: readonly (readonly Row[])[]): number {
  return Math.max(
    0,
    ...splits.flatMap((rows) =>
      rows.map(({ ts }, i) => Math.max(...rows.slice(0, i + 1).map((row) => row.ts)) - ts),
    ),
  );
}

describe('a history', () => {
  it('comes in the order of event time, whole, whenever enough is held back', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.constantFrom(0, 5, 20, Number.POSITIVE_INFINITY),
        fc.integer({ min: 0, max: 40 }),
        async (splits, holdMs, latestMs) => {
          const read = readAll(splits, { holdMs, latestMs });
          if (holdMs < disorderOf(splits)) {
            const rows = await read.catch((error: unknown) => {
              expect(error).toBeInstanceOf(OutOfOrder);
              return null;
            });
            if (rows === null) return;
          }
          const rows = await read;
          const kept = splits.flat().filter(({ ts }) => ts <= latestMs);
          expect(rows.map(({ ts }) => ts)).toEqual(kept.map(({ ts }) => ts).sort((a, b) => a - b));
          expect(new Map(rows.map(({ name, ts }) => [name, ts]))).toEqual(
            new Map(kept.map(({ name, ts }) => [name, ts])),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps the order read among equal times of a split', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ name: `${i}`, ts: Math.floor(i / 7) }));
    for (const holdMs of [0, 1, Number.POSITIVE_INFINITY]) {
      expect(await readAll([rows], { holdMs })).toEqual(rows);
    }
  });

  it('gives rows out before the end when nothing can come before them', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, ts: i - (i % 2) * 3 }));
    let readAtFirst = 0;
    const history = new History({
      stream,
      splits: await openSplits([rows]),
      fields: new Set(['name']),
      latestMs: Number.POSITIVE_INFINITY,
      holdMs: 5,
      batchRows: 3,
      releaseRows: 4,
      onRead: () => undefined,
    });
    for await (const batch of history.batches()) {
      if (readAtFirst === 0) readAtFirst = history.recordsRead;
      expect(batch.rowCount).toBeGreaterThan(0);
    }
    expect(readAtFirst).toBeLessThan(30);
  });
});
