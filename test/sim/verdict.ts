// Whether a case went right: everything that is left outside of the job is what one undisturbed run
// over the history that counts would have left, and the oracle agrees with that run.
import { differences } from '../../src/testing/compare-runs.ts';
import { identityOf } from '../../src/testing/oracle/values.ts';
import type { ViewRow } from '../../src/testing/operator-runner.ts';
import { type HistoryStep, isBeginningOf, type Timeline } from './history.ts';
import { isNewer, type SimOutputs, type StoredRow } from './outputs.ts';
import { oracleOf, type Reference, rowText, undisturbed, viewNamed } from './reference.ts';
import type { SimCase } from './sim-case.ts';
import type { SimVault } from './sim-storage.ts';

export interface Aftermath {
  readonly simCase: SimCase;
  readonly outputs: SimOutputs;
  readonly vault: SimVault;
  /** What counts: the history of the last checkpoint. */
  readonly history: readonly HistoryStep[];
  /** Of every stage that there was. */
  readonly timelines: readonly Timeline[];
}

export interface Verdict {
  readonly problems: readonly string[];
  /** Whether every life told the same story, so that even the store must be right to the row. */
  readonly isRepeatable: boolean;
  readonly rowCount: number;
}

const problemsMax = 12;

export function judgeCase(aftermath: Aftermath): Verdict {
  const { simCase, outputs, vault, history, timelines } = aftermath;
  const isRepeatable = timelines.every((timeline) => isBeginningOf(timeline, history));
  const problems = [
    ...vault.problems,
    ...outputs.log.problems,
    ...deliveryProblems(simCase, history, outputs),
    ...watermarkProblems(simCase, history),
  ];
  let rowCount = 0;
  const references = new Map<string, Reference>();
  for (const view of simCase.plan.views) {
    const reference = undisturbed(simCase, view, history);
    references.set(view.name, reference);
    rowCount += reference.vectors.length;
    problems.push(...oracleProblems(simCase, view.name, history, reference));
    problems.push(...logProblems(outputs, view.name, reference.vectors));
    problems.push(...storeProblems(outputs, view.name, reference.vectors, isRepeatable));
  }
  problems.push(...recordProblems(simCase, references, outputs));
  return { problems: problems.slice(0, problemsMax), isRepeatable, rowCount };
}

/** Every entry of every split exactly once: a row in the history in its order, or a dead letter. */
function deliveryProblems(
  { plan, streams }: SimCase,
  history: readonly HistoryStep[],
  outputs: SimOutputs,
): string[] {
  const problems: string[] = [];
  for (const [index, { splits }] of streams.entries()) {
    for (const [number, [id, entries]] of [...splits].entries()) {
      const told = history.flatMap((step) =>
        step.kind === 'rows' && step.stream === index && step.split === number
          ? step.rows.map(({ offset }) => offset)
          : [],
      );
      const place = `${plan.streams[index]?.name}/${id}`;
      const refused = outputs.letters.lines
        .filter((line) => line.startsWith(`source ${place}:`))
        .map((line) => Number(line.slice(line.lastIndexOf(':') + 1)));
      const all = [...told, ...refused].sort((a, b) => a - b);
      const right = entries.map((_, i) => i);
      if (all.join() !== right.join()) {
        problems.push(`${place}: ${amiss(all, right)} (records once as a row or a dead letter)`);
      }
      const isSorted = told.every((offset, i) => i === 0 || offset > (told[i - 1] ?? 0));
      if (!isSorted) problems.push(`${place}: rows out of order: ${told.join()}`);
    }
  }
  return problems;
}

function amiss(all: readonly number[], right: readonly number[]): string {
  const twice = all.filter((offset, i) => all[i - 1] === offset);
  const missing = right.filter((offset) => !all.includes(offset));
  return `twice [${twice.join()}] missing [${missing.join()}]`;
}

function watermarkProblems({ streams }: SimCase, history: readonly HistoryStep[]): string[] {
  const problems: string[] = [];
  const highest = streams.map(() => Number.NEGATIVE_INFINITY);
  const see = (stream: number, ms: number): void => {
    const before = highest[stream] ?? Number.NEGATIVE_INFINITY;
    if (ms < before) problems.push(`watermark of ${stream} fell from ${before} to ${ms}`);
    highest[stream] = Math.max(before, ms);
  };
  for (const step of history) {
    if (step.kind === 'watermark') see(step.stream, step.ms);
    if (step.kind !== 'rows') continue;
    for (const { watermarkMs } of step.rows) see(step.stream, watermarkMs);
  }
  return problems.slice(0, 2);
}

function oracleProblems(
  simCase: SimCase,
  view: string,
  history: readonly HistoryStep[],
  reference: Reference,
): string[] {
  const node = viewNamed(simCase.plan, view);
  const found = differences(node, oracleOf(simCase, node, history), reference, 2);
  return found.map((text) => `undisturbed run of ${view}: ${text}`);
}

function logProblems(outputs: SimOutputs, view: string, vectors: readonly ViewRow[]): string[] {
  const expected = new Map<string, string[]>();
  for (const row of vectors) push(expected, identityOf(row.key), rowText(row));
  const actual = new Map<string, string[]>();
  for (const row of outputs.log.rows) {
    if (row.view === view) push(actual, row.key, row.text);
  }
  const problems: string[] = [];
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const right = expected.get(key) ?? [];
    const logged = actual.get(key) ?? [];
    const at = Array.from({ length: Math.max(right.length, logged.length) }, (_, i) => i).find(
      (i) => right[i] !== logged[i],
    );
    if (at === undefined) continue;
    problems.push(
      `log of ${view}, key ${key}, row ${at} of ${right.length}:\n` +
        `    expected ${right[at] ?? 'none'}\n    logged   ${logged[at] ?? 'none'}`,
    );
  }
  return problems.slice(0, 3);
}

function storeProblems(
  outputs: SimOutputs,
  view: string,
  vectors: readonly ViewRow[],
  isRepeatable: boolean,
): string[] {
  const problems: string[] = [];
  const newest = new Map<string, StoredRow[]>();
  for (const row of vectors) {
    const stored = { asOfMs: row.asOfMs, seq: row.seq, text: rowText(row) };
    const key = identityOf(row.key);
    const [best] = newest.get(key) ?? [];
    if (best === undefined || isNewer(stored, best)) newest.set(key, [stored]);
    else if (!isNewer(best, stored)) newest.get(key)?.push(stored);
  }
  for (const [key, rows] of newest) {
    const found = outputs.store.rows.get(`${view} ${key}`);
    const isRight = rows.some(({ text }) => text === found?.text);
    // Splits that were read in another order the second time: what a life that is over wrote may be
    // newer, or of the same version, which the store keeps.
    const isBehind = found === undefined || rows[0] === undefined || isNewer(rows[0], found);
    if (isRight || (!isBehind && !isRepeatable)) continue;
    problems.push(
      `store of ${view}, key ${key}:\n    expected ${rows[0]?.text}\n    stored   ${found?.text}`,
    );
  }
  return problems.slice(0, 2);
}

/** Late records and records that failed in a view: each once. */
function recordProblems(
  { plan }: SimCase,
  references: ReadonlyMap<string, Reference>,
  outputs: SimOutputs,
): string[] {
  const late: string[] = [];
  const failed: string[] = [];
  for (const { name } of plan.views) {
    const reference = references.get(name);
    if (reference === undefined) continue;
    for (const { split, offset, features } of reference.late) {
      late.push(`late ${name} split${split}:${offset} ${[...features].sort().join()}`);
    }
    failed.push(...reference.failed.map((place) => `view ${name} split${place}`));
  }
  const letters = outputs.letters.lines.filter((line) => line.startsWith('view '));
  return [
    ...compareLists('late records', late, outputs.late.lines),
    ...compareLists('dead letters of views', failed, letters),
  ];
}

function compareLists(
  what: string,
  expected: readonly string[],
  actual: readonly string[],
): readonly string[] {
  const right = [...expected].sort();
  const found = [...actual].sort();
  const at = Array.from({ length: Math.max(right.length, found.length) }, (_, i) => i).find(
    (i) => right[i] !== found[i],
  );
  if (at === undefined) return [];
  return [
    `${what}: ${found.length} instead of ${right.length}: ${found[at] ?? 'none'} ` +
      `where ${right[at] ?? 'none'} should be`,
  ];
}

function push<K>(map: Map<K, string[]>, key: K, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
