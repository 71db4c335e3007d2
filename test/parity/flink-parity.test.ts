// Every runner must give Flink's rows, as a multiset: the fixtures are real output of Flink 2.2.1.
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/kernel/types/field-type.ts';
import { deliver } from '../../src/testing/oracle/delivery.ts';
import { runOracle } from '../../src/testing/oracle/oracle.ts';
import { runPlan } from '../../src/testing/plan-runner.ts';
import {
  expectedRows,
  flinkCases,
  parityEvents,
  parityPlan as plan,
  type RunVector,
} from './flink-cases.ts';

interface Run {
  readonly vectors: readonly RunVector[];
  readonly late: readonly unknown[];
}

const events = parityEvents();
const steps = deliver(events);

const runners: Readonly<Record<string, (view: string) => Run>> = {
  oracle: (view) => runOracle({ plan, view, steps }),
  engine: (view) => runPlan({ plan, view, steps, batchSize: 64 }),
};

/** Columns that name the input record: a vector has no place for them. */
const recordColumns = new Set(['seq']);

/** Rows as texts that are equal when the rows are: doubles to ten digits, everything else as it is. */
function comparable(row: Readonly<Record<string, Value>>, columns: readonly string[]): string {
  return JSON.stringify(columns.map((name) => normal(row[name] ?? null)));
}

function normal(value: Value): Value {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number(value.toPrecision(10));
}

describe.each(Object.entries(runners))('%s', (_name, run) => {
  it.each(flinkCases.filter(({ difference }) => difference === null))(
    "$name gives Flink's rows",
    ({ name, view, toFlinkRow, lateRecords }) => {
      const { vectors, late } = run(view);
      const expected = expectedRows(name);
      const columns = Object.keys(expected[0] ?? {}).filter((c) => !recordColumns.has(c));
      const ours = vectors.map(toFlinkRow).filter((row) => row !== null);
      expect(ours.map((row) => comparable(row, columns)).sort()).toEqual(
        expected.map((row) => comparable(row, columns)).sort(),
      );
      if (lateRecords !== null) expect(late).toHaveLength(lateRecords);
    },
  );

  it.each(flinkCases.filter(({ difference }) => difference !== null))(
    '$name holds what Flink lost, and every record that was in time',
    ({ name, view, toFlinkRow }) => {
      const { vectors, late } = run(view);
      const ours = vectors.map(toFlinkRow).filter((row) => row !== null);
      const total = ours.reduce((n, row) => n + Number(row['n']), 0);
      expect(total + late.length).toBe(events.length);
      for (const theirs of expectedRows(name)) {
        const same = ours.filter((row) => row['window_end'] === theirs['window_end']);
        expect(same).toHaveLength(1);
        expect(Number(same[0]?.['n'])).toBeGreaterThanOrEqual(Number(theirs['n']));
      }
    },
  );
});
