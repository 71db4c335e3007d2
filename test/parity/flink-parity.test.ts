// Every runner must give Flink's rows, as a multiset: the fixtures are real output of Flink 2.2.1.
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/kernel/types/field-type.ts';
import { deliver } from '../../src/testing/oracle/delivery.ts';
import { runOracle } from '../../src/testing/oracle/oracle.ts';
import { runPlan } from '../../src/testing/plan-runner.ts';
import {
  expectedRows,
  type FlinkCase,
  flinkCases,
  parityEvents,
  type RunVector,
} from './flink-cases.ts';

interface Run {
  readonly vectors: readonly RunVector[];
  readonly lateRecords: number;
}

type Runner = (flinkCase: FlinkCase) => Run;

const events = parityEvents();

const runners: Readonly<Record<string, Runner>> = {
  oracle: ({ plan }) => {
    const { vectors, late } = runOracle({ plan, view: 'view', steps: deliver(events) });
    return { vectors, lateRecords: late.length };
  },
  engine: ({ plan }) => {
    const { vectors, late } = runPlan({
      plan,
      view: 'view',
      steps: deliver(events),
      batchSize: 64,
    });
    return { vectors, lateRecords: late.length };
  },
};

/** Rows as texts that are equal when the rows are: doubles to 1e-9, everything else as it is. */
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
    (flinkCase) => {
      const { vectors, lateRecords } = run(flinkCase);
      const rows = vectors.map(flinkCase.toFlinkRow).filter((row) => row !== null);
      const ours = rows.map((row) => comparable(row, flinkCase.columns)).sort();
      const theirs = expectedRows(flinkCase.name)
        .map((row) => comparable(row, flinkCase.columns))
        .sort();
      expect(ours).toEqual(theirs);
      if (flinkCase.lateRecords !== null) expect(lateRecords).toBe(flinkCase.lateRecords);
    },
  );

  it.each(flinkCases.filter(({ difference }) => difference !== null))(
    '$name holds what Flink lost, and every record that was in time',
    (flinkCase) => {
      const { vectors, lateRecords } = run(flinkCase);
      const ours = vectors.map(flinkCase.toFlinkRow).filter((row) => row !== null);
      const total = ours.reduce((n, row) => n + Number(row['n']), 0);
      expect(total + lateRecords).toBe(events.length);
      for (const theirs of expectedRows(flinkCase.name)) {
        const same = ours.filter((row) => row['window_end'] === theirs['window_end']);
        expect(same).toHaveLength(1);
        expect(Number(same[0]?.['n'])).toBeGreaterThanOrEqual(Number(theirs['n']));
      }
    },
  );
});
