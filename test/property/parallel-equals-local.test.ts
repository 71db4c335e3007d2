// Worker threads give, row for row per key and bit for bit, what one thread gives: random views over
// random histories with late rows, several splits, null and composite keys; also when the state
// moves to another number of subtasks in the middle. MILLRACE_SEED repeats a run, MILLRACE_CASES
// makes it longer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileStateFiles } from '../../src/adapters/file/state/state-files.ts';
import { threadStateFiles } from '../../src/adapters/file/state/thread-state-files.ts';
import type { SubtaskSnapshot } from '../../src/engine/checkpoint/subtask-snapshot.ts';
import { LocalViewStage } from '../../src/engine/task/local-view-stage.ts';
import type { StageState, ViewStage } from '../../src/engine/task/view-stage.ts';
import { WorkerViewStage } from '../../src/engine/task/worker-view-stage.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { planToJson } from '../../src/plan/plan-json.ts';
import { userAggregates } from '../../src/plan/user-aggregate.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { dearCaseCount, caseSeed } from './case-seed.ts';
import {
  callsOf,
  Collected,
  combinedCase,
  countsOf,
  feed,
  type StageCase,
  type StreamCall,
} from './stage-runs.ts';

const perPlan = 20;
const cases = fc.sample(anyCase({ rowCountMax: 120 }), {
  seed: caseSeed,
  numRuns: Math.ceil(dearCaseCount / 25),
});
const plans = Array.from({ length: Math.ceil(cases.length / perPlan) }, (_, i) =>
  combinedCase(cases.slice(i * perPlan, (i + 1) * perPlan) as RandomCase[]),
);
/** Of a batch at most 64 late records are handed on, so that larger ones would differ in the sample. */
const batchSizes = [64, 1, 7];

interface StageSettings {
  readonly parallelism: number;
  readonly ringBytes?: number;
  readonly state?: StageState;
}

function stageOf(given: StageCase, output: Collected, settings: StageSettings): ViewStage {
  const { plan, stages } = given;
  const { state = null, ...rest } = settings;
  const common = { plan, stages, output, clock: systemClock, onActivity: () => {}, state };
  return settings.parallelism === 1
    ? new LocalViewStage(common)
    : new WorkerViewStage({ ...common, ...rest });
}

interface Run extends Pick<Collected, 'rows' | 'others'> {
  readonly counts: readonly string[];
}

async function run(
  given: StageCase,
  calls: readonly StreamCall[],
  settings: StageSettings,
): Promise<Run> {
  const output = new Collected(given);
  const stage = stageOf(given, output, settings);
  try {
    await feed(stage, given, calls);
    await stage.finish();
    return { ...output.taken(), counts: countsOf(stage.stats()) };
  } finally {
    await stage.close();
  }
}

describe('worker threads', () => {
  it('give what one thread gives', async () => {
    // Functions of users have to be found by the threads.
    expect(plans.some(({ plan }) => userAggregates(plan).length > 0)).toBe(true);
    for (const [i, given] of plans.entries()) {
      const calls = callsOf(given, batchSizes[i % 3] as number);
      const expected = await run(given, calls, { parallelism: 1 });
      expect(Object.keys(expected.rows).length).toBeGreaterThan(given.streams.length);
      for (const settings of [
        { parallelism: 2, ringBytes: 4096 },
        { parallelism: 4, ringBytes: 1 << 16 },
      ]) {
        const found = await run(given, calls, settings);
        const where = `MILLRACE_SEED=${caseSeed} plan ${i} at ${settings.parallelism}`;
        expect(found, where).toEqual(expected);
      }
    }
  }, 120_000);

  it('hand their state to another number of subtasks', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-parallel-'));
    try {
      for (const [i, given] of plans.entries()) {
        const calls = callsOf(given, batchSizes[(i + 2) % 3] as number);
        const cut = Math.floor((calls.length * (i + 1)) / (plans.length + 1));
        const expected = await run(given, calls, { parallelism: 1 });
        const [from, to] = [
          [2, 4],
          [4, 2],
          [2, 1],
          [1, 2],
        ][i % 4] as [number, number];
        const where = `MILLRACE_SEED=${caseSeed} plan ${i} cut ${cut} from ${from} to ${to}`;
        const state = (prefix: string): StageState => stateIn(directory, `${i}${prefix}`);
        const begun = await runTo(given, { calls, cut }, { parallelism: from, state: state('a') });
        const settings = { parallelism: to, state: state('b') };
        const ended = await runFrom(given, begun, { calls: calls.slice(cut), settings });
        expect(ended, where).toEqual({ rows: expected.rows, others: expected.others });
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 120_000);
});

interface Begun {
  readonly parts: readonly SubtaskSnapshot[];
  /** What had come out when the barrier was aligned. */
  readonly before: Pick<Collected, 'rows' | 'others'>;
}

/** Feeds up to a barrier and some more, which is lost: as by a crash. */
async function runTo(
  given: StageCase,
  { calls, cut }: { readonly calls: readonly StreamCall[]; readonly cut: number },
  settings: StageSettings,
): Promise<Begun> {
  const output = new Collected(given);
  const stage = stageOf(given, output, settings);
  let before = output.taken();
  try {
    await feed(stage, given, calls.slice(0, cut));
    const written = stage.snapshot(1, async () => {
      await output.drain();
      before = output.taken();
    });
    await feed(stage, given, calls.slice(cut, cut + 30));
    let isWritten = false;
    const ended = written.finally(() => {
      isWritten = true;
    });
    while (!isWritten) {
      stage.work();
      await systemClock.sleep(1);
    }
    return { parts: await ended, before };
  } finally {
    await stage.close();
  }
}

async function runFrom(
  given: StageCase,
  { parts, before }: Begun,
  { calls, settings }: { readonly calls: readonly StreamCall[]; readonly settings: StageSettings },
): Promise<Begun['before']> {
  const output = new Collected(given);
  Object.assign(output.rows, before.rows);
  output.others.push(...before.others);
  const stage = stageOf(given, output, settings);
  try {
    await stage.restore(parts, JSON.parse(planToJson(given.plan)));
    await feed(stage, given, calls);
    await stage.finish();
    return output.taken();
  } finally {
    await stage.close();
  }
}

function stateIn(directory: string, filePrefix: string): StageState {
  return {
    files: fileStateFiles(directory),
    threads: threadStateFiles(directory),
    filePrefix,
    memoryBytesMax: null,
  };
}
