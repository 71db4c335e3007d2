import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { featureLog } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { JsonValue } from '../../../kernel/json-value.ts';
import type { EpochSink } from '../../../ports/epoch-sink.ts';
import type { FeatureLog } from '../../../ports/feature-log.ts';

const firstMs = Date.UTC(2026, 0, 5);
const view = { view: 'spend', key: [], features: [], fingerprint: '' };

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-epochs-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Rows without key and features, told apart by their number. */
function rows(...numbers: readonly number[]): VectorBatch {
  const times = Float64Array.from(numbers, (n) => firstMs + n * 86_400_000);
  const at = new Int32Array(numbers.length);
  return {
    view: 'spend',
    rowCount: numbers.length,
    keyData: new Uint8Array(0),
    keyStarts: at,
    keyEnds: at,
    keySlots: at,
    eventTimeMs: times,
    asOfMs: times,
    seq: Float64Array.from(numbers),
    arrivalTimeMs: times,
    fields: [],
    columns: [],
  };
}

interface Life {
  readonly log: FeatureLog;
  readonly epochs: EpochSink;
}

/** A process that opens the log; it never closes it, as one that is killed. */
async function life(job = 'shop-local', dropsAll = false): Promise<Life> {
  const log = await featureLog('offline').open({
    baseDirectory: directory,
    views: [view],
    epochs: { job, dropsAll },
  });
  if (log.epochs === undefined) throw new Error('it does not take part in checkpoints');
  return { log, epochs: log.epochs };
}

const throughJson = (state: JsonValue): JsonValue => JSON.parse(JSON.stringify(state)) as JsonValue;

/** Numbers of the rows in sight, sorted. */
async function visible(): Promise<number[]> {
  const folder = join(directory, 'offline', 'spend');
  const days = await readdir(folder).catch(() => []);
  if (!(await Promise.all(days.map((day) => readdir(join(folder, day))))).flat().length) return [];
  const duckdb = await DuckDBInstance.create();
  const connection = await duckdb.connect();
  const files = join(folder, '*', 'part-*.parquet');
  const result = await connection.runAndReadAll(`SELECT _seq FROM read_parquet('${files}')`);
  connection.closeSync();
  duckdb.closeSync();
  return result
    .getRows()
    .map(([seq]) => Number(seq))
    .toSorted((a, b) => a - b);
}

async function checkpoint({ epochs }: Life, id: number): Promise<JsonValue> {
  const state = throughJson(await epochs.prepare(id, {}));
  await epochs.commit(id);
  return state;
}

describe('rows of a log count by checkpoints', () => {
  test('they are in sight when theirs is complete, and not before', async () => {
    const first = await life();
    await first.epochs.recover(null);
    await first.log.append(rows(1, 2));
    const prepared = first.epochs.prepare(1, {});
    await first.log.append(rows(3));
    await prepared;
    expect(await visible()).toEqual([]);
    await first.epochs.commit(1);
    await first.epochs.commit(1);
    expect(await visible()).toEqual([1, 2]);
    await checkpoint(first, 2);
    expect(await visible()).toEqual([1, 2, 3]);
  });

  test('a checkpoint that failed gives its rows to the next one', async () => {
    const first = await life();
    await first.epochs.recover(null);
    await first.log.append(rows(1));
    await first.epochs.prepare(1, {});
    await first.log.append(rows(2));
    const state = await checkpoint(first, 2);
    expect(await visible()).toEqual([1, 2]);
    const second = await life();
    await second.epochs.recover({ id: 2, positions: {}, state });
    expect(await visible()).toEqual([1, 2]);
  });

  test('after a death between manifest and commit, the commit is finished', async () => {
    const first = await life();
    await first.epochs.recover(null);
    await first.log.append(rows(1, 2));
    const state = throughJson(await first.epochs.prepare(1, {}));
    await first.log.append(rows(3));
    await first.epochs.prepare(2, {});
    await first.log.append(rows(4));
    const second = await life();
    await second.epochs.recover({ id: 1, positions: {}, state });
    await second.epochs.recover({ id: 1, positions: {}, state });
    expect(await visible()).toEqual([1, 2]);
    await second.log.append(rows(5));
    await checkpoint(second, 3);
    expect(await visible()).toEqual([1, 2, 5]);
  });

  test('going back removes what came after, of this job only', async () => {
    const first = await life();
    const other = await life('shop-local-2');
    for (const { epochs } of [first, other]) await epochs.recover(null);
    await first.log.append(rows(1));
    const state = await checkpoint(first, 1);
    await first.log.append(rows(2));
    await other.log.append(rows(70));
    await checkpoint(first, 2);
    await checkpoint(other, 5);
    const second = await life();
    await second.epochs.recover({ id: 1, positions: {}, state });
    expect(await visible()).toEqual([1, 70]);
  });

  test('without a checkpoint to go on from, rows in sight are kept or dropped by word only', async () => {
    const first = await life();
    await first.epochs.recover(null);
    await first.log.append(rows(1));
    await first.epochs.prepare(1, {});
    const second = await life();
    await second.epochs.recover(null);
    await second.log.append(rows(2));
    await checkpoint(second, 1);
    const third = await life();
    await expect(third.epochs.recover(null)).rejects.toMatchObject({
      code: 'MR_LOG_WITHOUT_CHECKPOINT',
    });
    expect(await visible()).toEqual([2]);
    await (await life('shop-local', true)).epochs.recover(null);
    expect(await visible()).toEqual([]);
  });
});
