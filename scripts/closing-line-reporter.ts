// Prints at the very end of a test run which tests failed, which passed only when run again, and one
// plain line: `N passed, N failed, N skipped`. A file that does not load and an error outside any
// test count as failed, so 0 failed means green. MILLRACE_TEST_RESULTS=<file> has the counts of each
// file written there instead.
import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import { closingLines, type FileResult, outside } from './test-results.ts';

type Problem = Pick<SerializedError, 'message'>;

function firstLine(errors: ReadonlyArray<Problem> | undefined): string {
  return errors?.[0]?.message.split('\n', 1)[0] ?? 'no message';
}

function countTest(counted: FileResult, test: TestCase): void {
  const { state, errors } = test.result();
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  if (state === 'failed' || state === 'pending') {
    counted.failed += 1;
    counted.hasSecondChance &&= test.options.retry !== 0;
    counted.lines.push(`failed: ${name}: ${state === 'failed' ? firstLine(errors) : 'cut short'}`);
    return;
  }
  counted[state] += 1;
  if (test.diagnostic()?.flaky === true) {
    counted.lines.push(`passed only when run again: ${name}: ${firstLine(errors)}`);
  }
}

function countSuite(counted: FileResult, suite: TestModule | TestSuite): void {
  const errors = suite.errors();
  counted.failed += errors.length;
  const name = suite.type === 'module' ? suite.relativeModuleId : suite.fullName;
  for (const error of errors) counted.lines.push(`failed: ${name}: ${firstLine([error])}`);
  for (const child of suite.children) {
    if (child.type === 'test') countTest(counted, child);
    else countSuite(counted, child);
  }
}

function emptyResult(file: string): FileResult {
  return { file, passed: 0, failed: 0, skipped: 0, hasSecondChance: true, lines: [] };
}

/** What became of each file; exported so that the counting itself is tested. */
export function resultsOf(
  modules: ReadonlyArray<TestModule>,
  unhandledErrors: ReadonlyArray<SerializedError>,
): FileResult[] {
  const results = modules.map((module) => {
    const counted = emptyResult(module.relativeModuleId);
    countSuite(counted, module);
    return counted;
  });
  if (unhandledErrors.length === 0) return results;
  const stray = emptyResult(outside);
  stray.failed = unhandledErrors.length;
  stray.lines = unhandledErrors.map((error) => `failed: outside any test: ${firstLine([error])}`);
  return [stray, ...results];
}

export default class ClosingLineReporter implements Reporter {
  #results: FileResult[] = [{ ...emptyResult(outside), failed: 1 }];

  constructor() {
    // Other reporters and the runner still print after the run has ended; at exit nobody does.
    process.once('exit', () => {
      const path = process.env['MILLRACE_TEST_RESULTS'];
      if (path !== undefined) writeFileSync(path, JSON.stringify(this.#results));
      else process.stdout.write(`${closingLines(this.#results).join('\n')}\n`);
    });
  }

  onTestRunEnd(
    modules: ReadonlyArray<TestModule>,
    unhandledErrors: ReadonlyArray<SerializedError>,
  ): void {
    this.#results = resultsOf(modules, unhandledErrors);
  }
}
