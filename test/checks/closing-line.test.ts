import { expect, it } from 'vitest';
import type { TestModule } from 'vitest/node';
import { closingLines } from '../../scripts/closing-line-reporter.ts';

type State = 'passed' | 'failed' | 'skipped' | 'pending';

const module = { relativeModuleId: 'a.test.ts' };

function test(state: State, flaky = false): unknown {
  const errors = state === 'failed' || flaky ? [{ message: 'expected 1\nto be 2' }] : [];
  return {
    type: 'test',
    fullName: `${state} test`,
    module,
    result: () => ({ state, errors }),
    diagnostic: () => ({ flaky }),
  };
}

function suite(children: unknown[], errors: unknown[] = []): unknown {
  return { type: 'suite', fullName: 'suite', children, errors: () => errors };
}

it('counts tests at every depth, and names those that failed', () => {
  const all = suite([test('passed'), suite([test('failed'), test('skipped'), test('passed')])]);
  expect(closingLines([all as TestModule], [])).toEqual([
    'failed: a.test.ts > failed test: expected 1',
    '2 passed, 1 failed, 1 skipped',
  ]);
});

it('names what passed only when it was run again', () => {
  expect(closingLines([suite([test('passed', true)]) as TestModule], [])).toEqual([
    'passed only when run again: a.test.ts > passed test: expected 1',
    '1 passed, 0 failed, 0 skipped',
  ]);
});

it('counts a file that does not load, a test cut short and a stray error as failed', () => {
  const broken = suite([], [new Error('cannot load')]);
  const cut = suite([test('pending')]);
  const modules = [broken, cut] as TestModule[];
  expect(closingLines(modules, [{ message: 'stray' }])).toEqual([
    'failed: outside any test: stray',
    'failed: suite: cannot load',
    'failed: a.test.ts > pending test: cut short',
    '0 passed, 3 failed, 0 skipped',
  ]);
});
