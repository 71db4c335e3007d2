// Keys that leave memory and come back, and operators that stop and go on elsewhere in other numbers,
// give the same bits as one operator that is left alone: random views over random histories.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ViewOperator } from '../../src/engine/operators/view-operator.ts';
import { StateReader } from '../../src/engine/state/bytes/state-reader.ts';
import { StateWriter } from '../../src/engine/state/bytes/state-writer.ts';
import type { KeyImages } from '../../src/engine/state/residence.ts';
import { decodeKey } from '../../src/kernel/key-encoding.ts';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import { streamOf, type ViewNode } from '../../src/plan/plan.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { formatCase } from '../../src/testing/arbitraries/format-case.ts';
import { batchOf, type OperatorCall, operatorCalls } from '../../src/testing/batches.ts';
import { rowsOf, type ViewRow } from '../../src/testing/operator-runner.ts';
import { timeSteps } from '../../src/testing/oracle/delivery.ts';
import { ThrashResidence } from '../../src/testing/thrash-residence.ts';
import { dearCaseCount, caseSeed } from './case-seed.ts';

interface Phase {
  /** Operators that share the keys. */
  readonly count: number;
  /** Of a hundred chances to evict, how many are taken; null without a backend. */
  readonly evictions: number | null;
}

interface Given {
  readonly rows: Readonly<Record<string, readonly ViewRow[]>>;
  readonly late: readonly string[];
  readonly errors: readonly string[];
  readonly counters: Readonly<Record<string, number>>;
}

/** Tells −0 from 0 and what is not finite apart. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    const isPlain = typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0));
    return isPlain ? item : `number ${Object.is(item, -0) ? '-0' : item}`;
  });

/** The operators of a phase, each with a part of the keys. */
class Host {
  readonly operators: readonly ViewOperator[];
  readonly #images: KeyImages[] = [];
  readonly #backends: ThrashResidence[] = [];
  readonly #emptyBytes: readonly number[];
  readonly #keyFields: readonly Field[];
  readonly #random: RandomCase;

  constructor(random: RandomCase, phase: Phase, give: (row: ViewRow) => void, out: Given) {
    const view = random.plan.views[0] as ViewNode;
    this.#random = random;
    this.#keyFields = view.key.map(({ name, type, nullable }) => ({ name, type, nullable }));
    const context = {
      emit: (batch: Parameters<typeof rowsOf>[0]) => rowsOf(batch, view).forEach(give),
      late: (record: { offset: number; features: readonly string[] }) => {
        (out.late as string[]).push(`${record.offset} ${[...record.features].join()}`);
      },
      fail: ({ offset, message }: { offset: number | bigint; message: string }) => {
        (out.errors as string[]).push(`${offset} ${message}`);
      },
    };
    this.operators = Array.from({ length: phase.count }, () => {
      let turn = 0;
      const evicts = (): boolean => (turn++ * 37) % 100 < (phase.evictions ?? 0);
      const residence = (images: KeyImages): ThrashResidence => {
        const backend = new ThrashResidence(images, { evicts });
        this.#images.push(images);
        this.#backends.push(backend);
        return backend;
      };
      const { plan } = random;
      const backed = phase.evictions === null ? null : residence;
      return new ViewOperator({ plan, view, context, residence: backed });
    });
    this.#emptyBytes = this.#images.map(({ liveBytes }) => liveBytes);
  }

  run(call: OperatorCall): void {
    const stream = streamOf(this.#random.plan, this.#random.plan.views[0] as ViewNode);
    for (const [i, operator] of this.operators.entries()) {
      if (call.kind === 'idle') {
        operator.advanceIdleTime(call.nowMs);
        continue;
      }
      if (call.kind === 'rows') {
        const rows = call.rows.filter(({ row }) => this.#ownerOf(row.row) === i);
        if (rows.length > 0) operator.processBatch(batchOf(stream, rows));
      }
      if (call.afterMs !== Number.NEGATIVE_INFINITY) operator.advanceWatermark(call.afterMs);
    }
    for (const [i, images] of this.#images.entries()) {
      // Keys that have left leave nothing behind.
      if (images.size === 0) expect(images.liveBytes).toBe(this.#emptyBytes[i]);
    }
  }

  /** Takes over all that another host has. */
  takeOver(from: Host): void {
    const heads = from.#images.map((images) => {
      const to = new StateWriter();
      images.writeHead(to);
      return to.toBytes();
    });
    const stored = from.#backends.flatMap((backend) => backend.writeAll());
    for (const [i, images] of this.#images.entries()) {
      expect(images.schema).toEqual(from.#images[0]?.schema);
      this.#backends[i]?.restore(stored.filter(({ key }) => this.#ownerOfKey(key) === i));
      for (const head of heads) {
        const reader = new StateReader(head);
        const ownsKey = (data: Uint8Array, start: number, end: number): boolean =>
          this.#ownerOfKey(data.slice(start, end)) === i;
        images.readHead(reader, { ownsKey, takesCounters: i === 0 });
        expect(reader.isAtEnd).toBe(true);
      }
    }
  }

  counters(): Record<string, number> {
    const total: Record<string, number> = {};
    for (const operator of this.operators) {
      const { recordsIn, rowsOut, lateRecords, failedRecords, lateByFeature, firedTimers } =
        operator.stats();
      const numbers = { recordsIn, rowsOut, lateRecords, failedRecords, firedTimers };
      for (const [name, count] of Object.entries({ ...lateByFeature, ...numbers })) {
        total[name] = (total[name] ?? 0) + count;
      }
    }
    return total;
  }

  #ownerOfKey(key: Uint8Array): number {
    return this.#ownerOf(decodeKey(this.#keyFields, key));
  }

  #ownerOf(row: Readonly<Record<string, Value>>): number {
    const key = text(this.#keyFields.map(({ name }) => row[name] ?? null));
    let hash = 7;
    for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) % 65_521;
    return hash % this.operators.length;
  }
}

/** What comes out when the calls are divided among phases. */
function run(random: RandomCase, batchSize: number, phases: readonly Phase[]): Given {
  const rows: Record<string, ViewRow[]> = {};
  const out: Given = { rows, late: [], errors: [], counters: {} };
  const give = (row: ViewRow): void => {
    (rows[text(row.key)] ??= []).push(row);
  };
  const stream = streamOf(random.plan, random.plan.views[0] as ViewNode);
  const timed = timeSteps(stream, random.steps, random.splitCount);
  const calls = operatorCalls(timed, batchSize);
  let host: Host | null = null;
  for (const [i, phase] of phases.entries()) {
    const next = new Host(random, phase, give, out);
    if (host !== null) next.takeOver(host);
    host = next;
    const share = (k: number): number => Math.floor((calls.length * k) / phases.length);
    for (const call of calls.slice(share(i), share(i + 1))) host.run(call);
  }
  const late = [...out.late].sort();
  const errors = [...out.errors].sort();
  return { rows, late, errors, counters: host?.counters() ?? {} };
}

const undisturbed: readonly Phase[] = [{ count: 1, evictions: null }];
const phase = fc.record({
  count: fc.constantFrom(1, 1, 2, 3),
  evictions: fc.constantFrom(0, 50, 100, 100),
});
const anyPhases = fc.oneof(
  { weight: 1, arbitrary: fc.constant<readonly Phase[]>([{ count: 1, evictions: 100 }]) },
  { weight: 3, arbitrary: fc.array(phase, { minLength: 2, maxLength: 4 }) },
);

/** What differs first. */
function differenceOf(moved: Given, left: Given): string | null {
  for (const key of new Set([...Object.keys(moved.rows), ...Object.keys(left.rows)])) {
    const ours = (moved.rows[key] ?? []).map(text);
    const theirs = (left.rows[key] ?? []).map(text);
    const at = theirs.findIndex((row, i) => row !== ours[i]);
    if (at >= 0 || ours.length > theirs.length) {
      const i = at < 0 ? theirs.length : at;
      return `row ${i} of ${key}\n  is ${ours[i]}\n  not ${theirs[i]}`;
    }
  }
  for (const part of ['late', 'errors', 'counters'] as const) {
    const [ours, theirs] = [text(moved[part]), text(left[part])];
    if (ours !== theirs) return `${part}\n  are ${ours}\n  not ${theirs}`;
  }
  return null;
}

function verdict(random: RandomCase, batchSize: number, phases: readonly Phase[]): string | null {
  const given = `${text(phases)} batches of ${batchSize}\n${formatCase(random)}\n`;
  try {
    const moved = run(random, batchSize, phases);
    const left = run(random, batchSize, undisturbed);
    const difference = differenceOf(moved, left);
    return difference === null ? null : given + difference;
  } catch (error) {
    return given + String((error as Error).stack);
  }
}

describe('state that was written and read', () => {
  it('goes on to the same bits, whatever was evicted and however many operators there are', () => {
    const size = fc.constantFrom(1, 3, 1000);
    const property = fc.property(
      anyCase(),
      size,
      anyPhases,
      (random, batchSize, phases) => verdict(random, batchSize, phases) === null,
    );
    const numRuns = Math.ceil(dearCaseCount / 3);
    const outcome = fc.check(property, { seed: caseSeed, numRuns });
    if (outcome.counterexample !== null) {
      expect.fail(
        `MILLRACE_SEED=${caseSeed} case ${outcome.numRuns}\n${verdict(...outcome.counterexample)}`,
      );
    }
  }, 120_000);
});
