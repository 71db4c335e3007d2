// A script with checkpoints goes on where it was: rows that came out are not made again, and what waits
// for its window, its group or its record is still there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueryStage } from '../../src/app/sql/query-stage.ts';
import type { SqlRow } from '../../src/app/sql/sql-row.ts';
import { lowerPlan } from '../../src/engine/lower/lower-plan.ts';
import type { SubtaskSnapshot } from '../../src/engine/checkpoint/subtask-snapshot.ts';
import { fileStateFiles } from '../../src/adapters/file/state/state-files.ts';
import type { Batch } from '../../src/columns/batch.ts';
import { columnForField, ensureRows } from '../../src/columns/column-builder.ts';
import { putValue } from '../../src/columns/put-value.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { bindScript } from '../../src/sql/bind/bind-script.ts';
import { chainOf, sourcePlan, streamFields } from '../../src/sql/bind/query-plan.ts';
import { sourceTable } from '../../src/sql/bind/bound-query.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-sql-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const table = `CREATE TABLE t (k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
  WITH ('connector' = 'blackhole');`;

type Row = readonly [k: string, v: number, ms: number];

const rows: readonly Row[] = [
  ['a', 6, 1000],
  ['b', 2, 2000],
  ['a', 3, 3000],
  ['a', 9, 11_000],
  ['b', 4, 12_000],
  ['b', 4, 31_000],
];

/** A stage over the query, whose rows are put into `out` as text. */
function stageOf(
  sql: string,
  prefix: string,
  out: string[],
): {
  readonly stage: QueryStage;
  feed(given: readonly Row[], from: number): Promise<void>;
} {
  const [task] = bindScript(table + sql).tasks;
  if (task === undefined) throw new Error('there is no query');
  const { query } = task;
  const plan = sourcePlan(query);
  const write = async (given: readonly SqlRow[]): Promise<void> => {
    out.push(...given.map(({ kind, values }) => `${kind} ${values.join(' ')}`));
    await Promise.resolve();
  };
  const nothing = (): void => undefined;
  const stage = new QueryStage(chainOf(query), write, {
    ...{ plan, stages: lowerPlan(plan), clock: systemClock, parallelism: 1, onActivity: nothing },
    output: {
      ...{ emit: nothing, refill: nothing, late: nothing, fail: nothing },
      drain: () => Promise.resolve(),
    },
    state: {
      files: fileStateFiles(join(folder, 'state')),
      ...{ threads: null, filePrefix: prefix, memoryBytesMax: null },
    },
  });
  const fields = streamFields(sourceTable(query));
  const feed = async (given: readonly Row[], from: number): Promise<void> => {
    for (const [i, row] of given.entries()) {
      stage.process(0, batchOf(row, fields, from + i));
      stage.advanceWatermark(0, row[2]);
      await stage.drain();
    }
  };
  return { stage, feed };
}

function batchOf(row: Row, fields: Batch['fields'], offset: number): Batch {
  const columns = fields.map((field, i) => {
    const builder = columnForField(field, 1);
    ensureRows(builder, 1);
    putValue(builder, field.type, 0, row[i] ?? null);
    return builder;
  });
  const one = (value: number): Float64Array => Float64Array.of(value);
  return {
    ...{ fields, columns, rowCount: 1, offsets: one(offset), split: 0 },
    ...{ eventTimeMs: one(row[2]), arrivalTimeMs: one(0), watermarkMs: one(row[2] - 1) },
  };
}

async function snapshotOf(stage: QueryStage): Promise<readonly SubtaskSnapshot[]> {
  const snapshot = stage.snapshot(1, () => Promise.resolve());
  let isDone = false;
  snapshot.then(
    () => (isDone = true),
    () => (isDone = true),
  );
  while (!isDone) {
    stage.work();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return snapshot;
}

const tumble = "FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)";
const windows = `SELECT k, SUM(v) AS s, window_start, window_end, window_time ${tumble} GROUP BY k, window_start, window_end, window_time`;

describe('a checkpoint of a query', () => {
  it.each([
    ['windows', windows],
    ['groups', 'SELECT k, SUM(v) / 2 AS s FROM t GROUP BY k HAVING SUM(v) > 3'],
    ['columns that pass', 'SELECT v, COUNT(*) OVER (PARTITION BY k ORDER BY ts) AS n FROM t'],
    ['results of results', `SELECT k, COUNT(*) AS n, MAX(s) AS m FROM (${windows}) GROUP BY k`],
    [
      'windows of windows',
      `SELECT SUM(s) AS s FROM (${windows}) GROUP BY window_start, window_end`,
    ],
  ])('has its %s: a restored one gives the rows that are left', async (_, sql) => {
    for (let cut = 0; cut <= rows.length; cut++) {
      const straight: string[] = [];
      const whole = stageOf(sql, `whole${cut}-`, straight);
      await whole.feed(rows, 0);
      whole.stage.advanceWatermark(0, Number.POSITIVE_INFINITY);
      await whole.stage.drain();
      const pieces: string[] = [];
      const first = stageOf(sql, `first${cut}-`, pieces);
      await first.feed(rows.slice(0, cut), 0);
      const parts = await snapshotOf(first.stage);
      await first.stage.close();
      const second = stageOf(sql, `second${cut}-`, pieces);
      await second.stage.restore(parts, {});
      await second.feed(rows.slice(cut), cut);
      second.stage.advanceWatermark(0, Number.POSITIVE_INFINITY);
      await second.stage.drain();
      expect(pieces).toEqual(straight);
      expect(straight.length).toBeGreaterThan(0);
    }
  });
});
