// What became of the tests of each file, and how two runs of some of them are told as one.

/** Counts of one file. */
export interface FileResult {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  /** No test failed that says of itself that it has none. */
  hasSecondChance: boolean;
  /** What failed and what was unsteady, a line each. */
  lines: string[];
}

/** Stands in place of a file for errors outside any test. */
export const outside = '';

/** Files that may be run once more; none when something failed that has no second chance. */
export function filesToRepeat(results: readonly FileResult[]): readonly string[] {
  const failed = results.filter((result) => result.failed > 0);
  const isFinal = failed.some(({ file, hasSecondChance }) => file === outside || !hasSecondChance);
  return isFinal ? [] : failed.map(({ file }) => file);
}

/** The second results of the files that were run again in place of the first; what it was, is told. */
export function mergedResults(
  first: readonly FileResult[],
  again: readonly FileResult[],
): readonly FileResult[] {
  const second = new Map(again.map((result) => [result.file, result]));
  const merged = first.map((result) => {
    const later = second.get(result.file);
    if (later === undefined) return result;
    second.delete(result.file);
    if (later.failed > 0) return later;
    const before = result.lines.map((line) =>
      line.replace(/^failed: /, 'passed only when run again: '),
    );
    return { ...later, lines: [...before, ...later.lines] };
  });
  return [...merged, ...second.values()];
}

/** The last lines of a run. */
export function closingLines(results: readonly FileResult[]): string[] {
  const total = (count: 'passed' | 'failed' | 'skipped'): number =>
    results.reduce((sum, result) => sum + result[count], 0);
  return [
    ...results.flatMap(({ lines }) => lines),
    `${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`,
  ];
}
