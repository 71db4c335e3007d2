// What many cases came to: how much happened, and what went wrong.
import type { CaseResult } from './run-case.ts';

/** Each of these must happen in a run of some hundred cases, or the run proves less than it says. */
const needed = [
  'checkpoints',
  'restores',
  'process killed',
  'power lost',
  'died in a write',
  'process frozen',
  'disk full',
  'storage fail',
  'storage lost',
  'storage slow',
  'checkpoint damaged',
  'slow sink',
  'sink failed',
  'split paused',
  'split idle',
  'source read failed',
  'worker lost',
  'clock set back',
  'clock set forward',
  'ended MR_FENCED',
  'ended MR_CHECKPOINT_IN_USE',
] as const;

export class SimReport {
  cases = 0;
  readonly failed: CaseResult[] = [];
  readonly #counts = new Map<string, number>();
  #rows = 0;
  #events = 0;
  #repeatable = 0;

  add(result: CaseResult): void {
    this.cases += 1;
    if (result.problems.length > 0) this.failed.push(result);
    this.#rows += result.rowCount;
    this.#events += result.eventCount;
    this.#repeatable += Number(result.isRepeatable);
    for (const [name, n] of result.counts) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
    }
  }

  /** Kinds of faults and of recovery that no case met. */
  get missing(): readonly string[] {
    return needed.filter((name) => !this.#counts.has(name));
  }

  format(): string {
    const entries = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    const cells = entries.map(([name, n]) => `${String(n).padStart(7)} ${name.padEnd(30)}`);
    const lines = [
      `${this.cases} cases, ${this.#rows} rows, ${this.#events} events, ` +
        `${this.#repeatable} of them judged to the row in the store`,
    ];
    for (let i = 0; i < cells.length; i += 3) lines.push(cells.slice(i, i + 3).join(''));
    return lines.join('\n');
  }
}

/** A failed case as text; `MILLRACE_TRACE=1` shows the end of what happened. */
export function formatFailure({ seed, problems, tail }: CaseResult): string {
  const trace = process.env['MILLRACE_TRACE'] === undefined ? [] : ['', ...tail];
  return [`seed ${seed}:`, ...problems, ...trace].join('\n  ');
}
