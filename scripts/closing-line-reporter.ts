// Prints one plain line at the very end of a test run: `N passed, N failed, N skipped`.
// A file that does not load and an error outside any test count as failed, so 0 failed means green.
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function countTest(counts: Counts, test: TestCase): void {
  const { state } = test.result();
  if (state === 'pending') counts.failed += 1;
  else counts[state] += 1;
}

function countSuite(counts: Counts, suite: TestModule | TestSuite): void {
  counts.failed += suite.errors().length;
  for (const child of suite.children) {
    if (child.type === 'test') countTest(counts, child);
    else countSuite(counts, child);
  }
}

/** Counts a finished run; exported so that the counting itself is tested. */
export function closingLine(
  modules: ReadonlyArray<TestModule>,
  unhandledErrors: ReadonlyArray<SerializedError>,
): string {
  const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) countSuite(counts, module);
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

export default class ClosingLineReporter implements Reporter {
  #line = '0 passed, 1 failed, 0 skipped';

  constructor() {
    // Other reporters and the runner still print after the run has ended; at exit nobody does.
    process.once('exit', () => process.stdout.write(`${this.#line}\n`));
  }

  onTestRunEnd(
    modules: ReadonlyArray<TestModule>,
    unhandledErrors: ReadonlyArray<SerializedError>,
  ): void {
    this.#line = closingLine(modules, unhandledErrors);
  }
}
