import { expect, it } from 'vitest';
import type { TestModule } from 'vitest/node';
import { closingLine } from '../../scripts/closing-line-reporter.ts';

type State = 'passed' | 'failed' | 'skipped' | 'pending';

function test(state: State): unknown {
  return { type: 'test', result: () => ({ state }) };
}

function suite(children: unknown[], errors: unknown[] = []): unknown {
  return { type: 'suite', children, errors: () => errors };
}

it('counts tests at every depth', () => {
  const module = suite([test('passed'), suite([test('failed'), test('skipped'), test('passed')])]);
  expect(closingLine([module as TestModule], [])).toBe('2 passed, 1 failed, 1 skipped');
});

it('counts a file that does not load, a test cut short and a stray error as failed', () => {
  const broken = suite([], [new Error('cannot load')]);
  const cut = suite([test('pending')]);
  const modules = [broken, cut] as TestModule[];
  expect(closingLine(modules, [{ message: 'stray' }])).toBe('0 passed, 3 failed, 0 skipped');
});
