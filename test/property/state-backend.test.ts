// Operators over the real state backend, with hardly any memory, stopped in the middle of snapshots
// and restored at other parallelism, give the same bits as one operator that is left alone: random
// views over random histories. What an operator gave after the flip of the snapshot is thrown away
// and computed again, as after a crash.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SubtaskSnapshot } from '../../src/engine/checkpoint/subtask-snapshot.ts';
import { ViewOperator } from '../../src/engine/operators/view-operator.ts';
import { SubtaskState } from '../../src/engine/state/backend/subtask-state.ts';
import { hashBytes } from '../../src/kernel/hash.ts';
import { encodeKey } from '../../src/kernel/key-encoding.ts';
import { keyGroupOf, keyGroupsOf } from '../../src/kernel/key-group.ts';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import { streamOf, type ViewNode } from '../../src/plan/plan.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { formatCase } from '../../src/testing/arbitraries/format-case.ts';
import { batchOf, type OperatorCall, operatorCalls, spoil } from '../../src/testing/batches.ts';
import { FaultyStateFiles } from '../../src/testing/faults/faulty-state-files.ts';
import { rowsOf, type ViewRow } from '../../src/testing/operator-runner.ts';
import { timeSteps } from '../../src/testing/oracle/delivery.ts';
import { dearCaseCount, caseSeed } from './case-seed.ts';

interface Phase {
  readonly parallelism: number;
  /** Budget of each subtask; null: all keys stay in memory. */
  readonly memoryBytesMax: number | null;
  /** Calls that are lost after the flip of the snapshot that ends the phase. */
  readonly lostCalls: number;
  /** Slices of the snapshot between two calls. */
  readonly slices: number;
}

/** Tells −0 from 0 and what is not finite apart. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    const isPlain = typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0));
    return isPlain ? item : `number ${Object.is(item, -0) ? '-0' : item}`;
  });

interface Given {
  readonly rows: Map<string, string[]>;
  readonly late: string[];
  readonly errors: string[];
  counters: Record<string, number>;
}

const nothing = (): Given => ({ rows: new Map(), late: [], errors: [], counters: {} });

/** Operators that share the keys, with a backend each, or one without. */
class Host {
  readonly #random: RandomCase;
  readonly #view: ViewNode;
  readonly #keyFields: readonly Field[];
  readonly #operators: readonly ViewOperator[];
  readonly #states: SubtaskState[] = [];
  readonly #files: FaultyStateFiles;
  out: Given;

  constructor(random: RandomCase, phase: Phase | null, out: Given, start: Start) {
    this.#random = random;
    this.#view = random.plan.views[0] as ViewNode;
    this.#keyFields = this.#view.key.map(({ name, type, nullable }) => ({ name, type, nullable }));
    this.#files = start.files;
    this.out = out;
    const parallelism = phase?.parallelism ?? 1;
    this.#operators = Array.from({ length: parallelism }, (_, subtask) => {
      if (phase === null) return this.#operator(null);
      const state = new SubtaskState({
        files: this.#files,
        subtask,
        keyGroups: keyGroupsOf(subtask, parallelism),
        memoryBytesMax: phase.memoryBytesMax,
        filePrefix: `p${start.run}-${subtask}`,
        segmentBytes: 4000,
        memoryBytesMin: 0,
      });
      this.#states.push(state);
      return this.#operator(state);
    });
    for (const state of this.#states) state.restore(start.parts);
  }

  #operator(state: SubtaskState | null): ViewOperator {
    const { plan } = this.#random;
    const view = this.#view;
    const context = {
      emit: (batch: Parameters<typeof rowsOf>[0]) => {
        for (const row of rowsOf(batch, view)) this.#give(row);
      },
      late: (record: { offset: number; features: readonly string[] }) => {
        this.out.late.push(`${record.offset} ${[...record.features].join()}`);
      },
      fail: ({ offset, message }: { offset: number | bigint; message: string }) => {
        this.out.errors.push(`${offset} ${message}`);
      },
    };
    const residence = state === null ? null : state.register.bind(state, view.uid);
    return new ViewOperator({ plan, view, context, residence });
  }

  #give(row: ViewRow): void {
    const key = text(row.key);
    const rows = this.out.rows.get(key) ?? [];
    this.out.rows.set(key, rows);
    rows.push(text(row));
  }

  run(call: OperatorCall, slices: number): void {
    const stream = streamOf(this.#random.plan, this.#view);
    for (const [i, operator] of this.#operators.entries()) {
      if (call.kind === 'idle') operator.advanceIdleTime(call.nowMs);
      else {
        if (call.kind === 'rows') {
          const rows = call.rows.filter(({ row }) => this.#ownerOf(row.row) === i);
          const batch = batchOf(stream, rows);
          if (rows.length > 0) operator.processBatch(batch);
          spoil(batch);
        }
        if (call.afterMs !== Number.NEGATIVE_INFINITY) operator.advanceWatermark(call.afterMs);
      }
      for (let k = 0; k < slices; k++) this.#states[i]?.work(false);
    }
  }

  beginSnapshot(): void {
    for (const state of this.#states) state.beginSnapshot(1);
  }

  endSnapshot(): SubtaskSnapshot[] {
    return this.#states.map((state) => {
      state.work(true);
      return state.takeSnapshot() as SubtaskSnapshot;
    });
  }

  evictedKeys(): number {
    return this.#states.reduce((sum, state) => sum + state.stats().evictedKeys, 0);
  }

  counters(): Record<string, number> {
    const total: Record<string, number> = {};
    for (const operator of this.#operators) {
      const { recordsIn, rowsOut, lateRecords, failedRecords, lateByFeature, firedTimers } =
        operator.stats();
      const numbers = { recordsIn, rowsOut, lateRecords, failedRecords, firedTimers };
      for (const [name, count] of Object.entries({ ...lateByFeature, ...numbers })) {
        total[name] = (total[name] ?? 0) + count;
      }
    }
    return total;
  }

  #ownerOf(row: Readonly<Record<string, Value>>): number {
    const key = encodeKey(this.#keyFields, row);
    const group = keyGroupOf(hashBytes(key, 0, key.length));
    const { length } = this.#operators;
    return Array.from({ length }, (_, i) => keyGroupsOf(i, length)).findIndex(
      ({ first, end }) => first <= group && group < end,
    );
  }
}

interface Start {
  readonly files: FaultyStateFiles;
  readonly parts: readonly SubtaskSnapshot[];
  readonly run: number;
}

let evictions = 0;
let restores = 0;

/** What comes out when the calls are divided among phases. */
function run(random: RandomCase, batchSize: number, phases: readonly Phase[]): Given {
  const stream = streamOf(random.plan, random.plan.views[0] as ViewNode);
  const timed = timeSteps(stream, random.steps, random.splitCount);
  const calls = operatorCalls(timed, batchSize);
  const out = nothing();
  let parts: readonly SubtaskSnapshot[] = [];
  let next = 0;
  const files = new FaultyStateFiles();
  for (const [i, phase] of phases.entries()) {
    const host = new Host(random, phase, out, { files, parts, run: i });
    const end = Math.floor((calls.length * (i + 1)) / phases.length);
    for (; next < end; next++) host.run(calls[next] as OperatorCall, phase.slices);
    evictions += host.evictedKeys();
    out.counters = host.counters();
    if (i === phases.length - 1) break;
    host.beginSnapshot();
    host.out = nothing();
    for (const call of calls.slice(end, end + phase.lostCalls)) host.run(call, phase.slices);
    parts = host.endSnapshot();
    restores += 1;
  }
  return out;
}

function left(random: RandomCase, batchSize: number): Given {
  const stream = streamOf(random.plan, random.plan.views[0] as ViewNode);
  const timed = timeSteps(stream, random.steps, random.splitCount);
  const out = nothing();
  const host = new Host(random, null, out, { files: new FaultyStateFiles(), parts: [], run: 0 });
  for (const call of operatorCalls(timed, batchSize)) host.run(call, 0);
  out.counters = host.counters();
  return out;
}

function differenceOf(moved: Given, alone: Given): string | null {
  for (const key of new Set([...moved.rows.keys(), ...alone.rows.keys()])) {
    const ours = moved.rows.get(key) ?? [];
    const theirs = alone.rows.get(key) ?? [];
    const count = Math.max(ours.length, theirs.length);
    for (let i = 0; i < count; i++) {
      if (ours[i] === theirs[i]) continue;
      return `row ${i} of ${key}\n  is ${ours[i]}\n  not ${theirs[i]}`;
    }
  }
  for (const part of ['late', 'errors'] as const) {
    const [ours, theirs] = [text(moved[part].toSorted()), text(alone[part].toSorted())];
    if (ours !== theirs) return `${part}\n  are ${ours}\n  not ${theirs}`;
  }
  const [ours, theirs] = [text(moved.counters), text(alone.counters)];
  return ours === theirs ? null : `counters\n  are ${ours}\n  not ${theirs}`;
}

function verdict(random: RandomCase, batchSize: number, phases: readonly Phase[]): string | null {
  const given = `${text(phases)} batches of ${batchSize}\n${formatCase(random)}\n`;
  try {
    const difference = differenceOf(run(random, batchSize, phases), left(random, batchSize));
    return difference === null ? null : given + difference;
  } catch (error) {
    return given + String((error as Error).stack);
  }
}

const anyPhase = fc.record({
  parallelism: fc.constantFrom(1, 1, 2, 3),
  memoryBytesMax: fc.constantFrom(null, 0, 0, 1500),
  lostCalls: fc.constantFrom(0, 3, 10),
  slices: fc.constantFrom(0, 1, 2),
});

describe('operators over the state backend', () => {
  it('go on to the same bits through eviction, snapshots, crashes and other parallelism', () => {
    const property = fc.property(
      anyCase(),
      fc.constantFrom(1, 3, 1000),
      fc.array(anyPhase, { minLength: 1, maxLength: 4 }),
      (random, batchSize, phases) => verdict(random, batchSize, phases) === null,
    );
    const numRuns = Math.ceil(dearCaseCount / 3);
    const outcome = fc.check(property, { seed: caseSeed, numRuns });
    if (outcome.counterexample !== null) {
      expect.fail(
        `MILLRACE_SEED=${caseSeed} case ${outcome.numRuns}\n${verdict(...outcome.counterexample)}`,
      );
    }
    expect(evictions).toBeGreaterThan(numRuns);
    expect(restores).toBeGreaterThan(numRuns / 2);
  }, 120_000);
});
