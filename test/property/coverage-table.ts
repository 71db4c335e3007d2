// Counts what random cases met, so that a property that never sees a branch fails instead of passing.
import type { RandomCase } from '../../src/testing/arbitraries/cases.ts';
import type { OracleResult } from '../../src/testing/oracle/view-oracle.ts';

export class CoverageTable {
  readonly #counts = new Map<string, number>();

  /** Counts the case once for each thing it met. */
  add(random: RandomCase, result: OracleResult): void {
    for (const name of new Set(metBy(random, result))) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Names of `needed` that no case met. */
  missing(needed: readonly string[]): readonly string[] {
    return needed.filter((name) => this.count(name) === 0);
  }

  format(): string {
    const entries = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    const cells = entries.map(([name, n]) => `${String(n).padStart(6)} ${name.padEnd(28)}`);
    const lines: string[] = [];
    for (let i = 0; i < cells.length; i += 3) lines.push(cells.slice(i, i + 3).join(''));
    return lines.join('\n');
  }
}

function* metBy({ plan, splitCount }: RandomCase, result: OracleResult): Iterable<string> {
  for (const view of plan.views) {
    yield `emit ${view.emit}`;
    yield `key of ${view.key.length}`;
    yield `decay ${typeof view.decayMs === 'number' ? 'interval' : view.decayMs}`;
    if (view.derived.length > 0) yield 'derived feature';
    for (const { window, aggregate } of view.features) {
      yield `window ${window.kind}`;
      if (window.kind === 'rolling' && window.resolutionMs !== null) yield 'window with resolution';
      if ('serve' in window && window.serve === 'open') yield `window open ${window.kind}`;
      if ('allowedLatenessMs' in window && window.allowedLatenessMs > 0) yield 'allowed lateness';
      yield `aggregate ${aggregate.fn}`;
      if (aggregate.distinct) yield 'aggregate sum distinct';
      if (aggregate.where !== null) yield 'aggregate with where';
    }
  }
  yield `splits ${splitCount}`;
  for (const branch of result.branches.keys()) yield `branch ${branch}`;
  for (const { values } of result.vectors) {
    if (Object.values(values).includes(null)) yield 'null value';
  }
}
