// Prints at the very end of a test run which tests failed, which passed only when run again, and one
// plain line: `N passed, N failed, N skipped`. A file that does not load and an error outside any
// test count as failed, so 0 failed means green.
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

interface Closing {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed and what was unsteady, a line each. */
  lines: string[];
}

type Problem = Pick<SerializedError, 'message'>;

function firstLine(errors: ReadonlyArray<Problem> | undefined): string {
  return errors?.[0]?.message.split('\n', 1)[0] ?? 'no message';
}

function countTest(closing: Closing, test: TestCase): void {
  const { state, errors } = test.result();
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  if (state === 'failed' || state === 'pending') {
    closing.failed += 1;
    closing.lines.push(`failed: ${name}: ${state === 'failed' ? firstLine(errors) : 'cut short'}`);
    return;
  }
  closing[state] += 1;
  if (test.diagnostic()?.flaky === true) {
    closing.lines.push(`passed only when run again: ${name}: ${firstLine(errors)}`);
  }
}

function countSuite(closing: Closing, suite: TestModule | TestSuite): void {
  const errors = suite.errors();
  closing.failed += errors.length;
  const name = suite.type === 'module' ? suite.relativeModuleId : suite.fullName;
  for (const error of errors) closing.lines.push(`failed: ${name}: ${firstLine([error])}`);
  for (const child of suite.children) {
    if (child.type === 'test') countTest(closing, child);
    else countSuite(closing, child);
  }
}

/** The last lines of a finished run; exported so that the counting itself is tested. */
export function closingLines(
  modules: ReadonlyArray<TestModule>,
  unhandledErrors: ReadonlyArray<SerializedError>,
): string[] {
  const closing: Closing = { passed: 0, failed: unhandledErrors.length, skipped: 0, lines: [] };
  for (const error of unhandledErrors) {
    closing.lines.push(`failed: outside any test: ${firstLine([error])}`);
  }
  for (const module of modules) countSuite(closing, module);
  const { passed, failed, skipped, lines } = closing;
  return [...lines, `${passed} passed, ${failed} failed, ${skipped} skipped`];
}

export default class ClosingLineReporter implements Reporter {
  #lines = ['0 passed, 1 failed, 0 skipped'];

  constructor() {
    // Other reporters and the runner still print after the run has ended; at exit nobody does.
    process.once('exit', () => process.stdout.write(`${this.#lines.join('\n')}\n`));
  }

  onTestRunEnd(
    modules: ReadonlyArray<TestModule>,
    unhandledErrors: ReadonlyArray<SerializedError>,
  ): void {
    this.#lines = closingLines(modules, unhandledErrors);
  }
}
