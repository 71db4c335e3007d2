import { expect, it } from 'vitest';
import type { TestModule } from 'vitest/node';
import { resultsOf } from '../../scripts/closing-line-reporter.ts';
import {
  closingLines,
  type FileResult,
  filesToRepeat,
  mergedResults,
} from '../../scripts/test-results.ts';

type State = 'passed' | 'failed' | 'skipped' | 'pending';

const module = { relativeModuleId: 'a.test.ts' };

function test(state: State, { flaky = false, retry = 1 } = {}): unknown {
  const errors = state === 'failed' || flaky ? [{ message: 'expected 1\nto be 2' }] : [];
  return {
    type: 'test',
    fullName: `${state} test`,
    module,
    options: { retry },
    result: () => ({ state, errors }),
    diagnostic: () => ({ flaky }),
  };
}

function suite(children: unknown[], errors: unknown[] = []): unknown {
  return { ...module, type: 'suite', fullName: 'suite', children, errors: () => errors };
}

it('counts tests at every depth, and names those that failed', () => {
  const all = suite([test('passed'), suite([test('failed'), test('skipped'), test('passed')])]);
  expect(closingLines(resultsOf([all as TestModule], []))).toEqual([
    'failed: a.test.ts > failed test: expected 1',
    '2 passed, 1 failed, 1 skipped',
  ]);
});

it('names what passed only when it was run again', () => {
  const steadyAtLast = suite([test('passed', { flaky: true })]) as TestModule;
  expect(closingLines(resultsOf([steadyAtLast], []))).toEqual([
    'passed only when run again: a.test.ts > passed test: expected 1',
    '1 passed, 0 failed, 0 skipped',
  ]);
});

it('counts a file that does not load, a test cut short and a stray error as failed', () => {
  const broken = suite([], [new Error('cannot load')]);
  const cut = suite([test('pending')]);
  const modules = [broken, cut] as TestModule[];
  expect(closingLines(resultsOf(modules, [{ message: 'stray' }]))).toEqual([
    'failed: outside any test: stray',
    'failed: suite: cannot load',
    'failed: a.test.ts > pending test: cut short',
    '0 passed, 3 failed, 0 skipped',
  ]);
});

it('runs files once more, but not when something failed that has no second chance', () => {
  const unsteady = resultsOf([suite([test('failed'), test('passed')]) as TestModule], []);
  expect(filesToRepeat(unsteady)).toEqual(['a.test.ts']);
  const final = suite([test('failed'), test('failed', { retry: 0 })]) as TestModule;
  expect(filesToRepeat(resultsOf([final], []))).toEqual([]);
  expect(filesToRepeat(resultsOf([], [{ message: 'stray' }]))).toEqual([]);
});

it('tells two runs as one: the later counts, and what had failed before', () => {
  const result = (file: string, failed: number): FileResult => {
    const lines = failed === 0 ? [] : [`failed: ${file} > it: reason`];
    return { file, passed: 5 - failed, failed, skipped: 0, hasSecondChance: true, lines };
  };
  const first = [result('a', 0), result('b', 2), result('c', 1)];
  expect(closingLines(mergedResults(first, [result('b', 0), result('c', 3)]))).toEqual([
    'passed only when run again: b > it: reason',
    'failed: c > it: reason',
    '12 passed, 3 failed, 0 skipped',
  ]);
});
