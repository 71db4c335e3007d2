// Compares what an engine gave for a view with what the oracle says, row for row per key. Derived
// features are recomputed from the engine's own features, so that no error is counted twice.
import type { Value } from '../kernel/types/field-type.ts';
import type { ViewNode } from '../plan/plan.ts';
import type { ViewRow } from './operator-runner.ts';
import { evaluate } from './oracle/expressions.ts';
import { identityOf } from './oracle/values.ts';
import type { OracleLate, OracleResult, OracleVector } from './oracle/view-oracle.ts';

/** What `differences` looks at of a run: `runPlan` gives it. */
export interface ComparedRun {
  readonly vectors: readonly ViewRow[];
  readonly late: readonly OracleLate[];
}

/** Sentences that say where the run differs from the oracle, at most `limit`; empty when it does not. */
export function differences(
  view: ViewNode,
  oracle: OracleResult,
  run: ComparedRun,
  limit = 5,
): readonly string[] {
  const found: string[] = [];
  const expected = byKey(oracle.vectors);
  const actual = byKey(run.vectors);
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    found.push(...compareKey(view, key, expected.get(key) ?? [], actual.get(key) ?? []));
  }
  const late = [oracle.late, run.late].map((records) => records.map(describeLate).sort());
  const [expectedLate = [], actualLate = []] = late;
  if (expectedLate.join() !== actualLate.join()) {
    found.push(`late records: [${actualLate.join(' ')}] instead of [${expectedLate.join(' ')}]`);
  }
  return found.slice(0, limit);
}

function describeLate({ split, offset, features }: OracleLate): string {
  return `${split}:${offset}(${[...features].sort().join(',')})`;
}

function byKey<V extends { readonly key: ViewRow['key'] }>(
  vectors: readonly V[],
): Map<string, V[]> {
  const groups = new Map<string, V[]>();
  for (const vector of vectors) {
    const key = identityOf(vector.key);
    groups.set(key, [...(groups.get(key) ?? []), vector]);
  }
  return groups;
}

function compareKey(
  view: ViewNode,
  key: string,
  expected: readonly OracleVector[],
  actual: readonly ViewRow[],
): string[] {
  const found: string[] = [];
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const theirs = actual[i];
    const ours = expected[i];
    if (theirs === undefined || ours === undefined) {
      const row = ours ?? theirs;
      const what = ours === undefined ? 'not expected' : 'missing';
      found.push(`key ${key} row ${i}: ${what}: ${row === undefined ? '' : formatRow(row)}`);
      break;
    }
    const why = rowDifference(view, ours, theirs);
    if (why === null) continue;
    found.push(
      `key ${key} row ${i}: ${why}\n    expected ${formatRow(ours)}\n    actual   ${formatRow(theirs)}`,
    );
    break;
  }
  return found;
}

function rowDifference(view: ViewNode, expected: OracleVector, actual: ViewRow): string | null {
  for (const name of ['asOfMs', 'seq', 'eventTimeMs'] as const) {
    if (expected[name] !== actual[name]) {
      return `${name} is ${actual[name]}, not ${expected[name]}`;
    }
  }
  for (const { name } of view.features) {
    const tolerance = expected.tolerances[name] ?? 0;
    if (!isSameValue(expected.values[name] ?? null, actual.values[name] ?? null, tolerance)) {
      return `${name} is ${show(actual.values[name])}, not ${show(expected.values[name])}`;
    }
  }
  for (const { name, value } of view.derived) {
    const right = evaluate(value, actual.values);
    if (!isSameValue(right, actual.values[name] ?? null, 1e-15 * Math.abs(Number(right)))) {
      return `derived ${name} is ${show(actual.values[name])}, not ${show(right)}`;
    }
  }
  return null;
}

/** Equal, or doubles no further apart than the tolerance. Maps are equal in any order. */
export function isSameValue(expected: Value, actual: Value, tolerance = 0): boolean {
  if (typeof expected === 'number' && typeof actual === 'number') {
    return Object.is(expected, actual) || expected === actual
      ? true
      : Math.abs(expected - actual) <= tolerance;
  }
  return canonical(expected) === canonical(actual);
}

function canonical(value: Value): string {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) {
    return identityOf(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}=${canonical(item as Value)}`)
    .sort()
    .join();
}

function formatRow({ asOfMs, seq, eventTimeMs, values }: ViewRow): string {
  const shown = Object.entries(values).map(([name, value]) => `${name}=${show(value)}`);
  return `as_of ${asOfMs} seq ${seq} event_time ${eventTimeMs} ${shown.join(' ')}`;
}

function show(value: Value | undefined): string {
  if (typeof value === 'bigint') return `${value}n`;
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? `${item}n` : item,
  );
}
