// What must come out of a history: the same operators, told it in one go and never disturbed, and
// the oracle, told it row by row.
import type { OperatorContext } from '../../src/engine/operators/operator.ts';
import { ViewOperator } from '../../src/engine/operators/view-operator.ts';
import type { Plan, StreamNode, ViewNode } from '../../src/plan/plan.ts';
import { batchOf, type TimedRow } from '../../src/testing/batches.ts';
import { rowsOf, type ViewRow } from '../../src/testing/operator-runner.ts';
import { eventTimeOf } from '../../src/testing/oracle/delivery.ts';
import { identityOf } from '../../src/testing/oracle/values.ts';
import { viewContext } from '../../src/testing/oracle/view-context.ts';
import { type OracleResult, ViewOracle } from '../../src/testing/oracle/view-oracle.ts';
import type { HistoryRow, HistoryStep } from './history.ts';
import type { ScriptEntry, SimCase } from './sim-case.ts';

/** What one view gives. Late and failed records by `split:offset`. */
export interface Reference {
  readonly vectors: readonly ViewRow[];
  readonly late: readonly LateText[];
  readonly failed: readonly string[];
}

export interface LateText {
  readonly split: number;
  readonly offset: number;
  readonly features: readonly string[];
}

interface HostedView {
  readonly view: ViewNode;
  readonly stream: StreamNode;
  readonly steps: readonly HistoryStep[];
  readonly entries: readonly (readonly ScriptEntry[])[];
}

/** A view of a case and the part of the history that it sees. */
function hosted(simCase: SimCase, view: ViewNode, history: readonly HistoryStep[]): HostedView {
  const { plan, streams } = simCase;
  const index = plan.streams.findIndex(({ name }) => streamNameOf(view) === name);
  const stream = plan.streams[index];
  const script = streams[index];
  if (stream === undefined || script === undefined) throw new Error(`no stream of ${view.name}`);
  const steps = history.filter((step) => step.stream === index);
  return { view, stream, steps, entries: [...script.splits.values()] };
}

function streamNameOf({ from }: ViewNode): string {
  let relation = from;
  while (relation.kind !== 'scan') relation = relation.input;
  return relation.stream;
}

/** The view's operator without a state backend, never stopped. */
export function undisturbed(
  simCase: SimCase,
  view: ViewNode,
  history: readonly HistoryStep[],
): Reference {
  const { stream, steps, entries } = hosted(simCase, view, history);
  const vectors: ViewRow[] = [];
  const late: LateText[] = [];
  const failed: string[] = [];
  const context: OperatorContext = {
    emit: (batch) => vectors.push(...rowsOf(batch, view)),
    late: ({ offset, features }, batch) =>
      late.push({ split: batch.split, offset, features: [...features] }),
    fail: ({ offset }, batch) => failed.push(`${batch.split}:${offset}`),
  };
  const operator = new ViewOperator({ plan: simCase.plan, view, context });
  for (const step of steps) {
    if (step.kind === 'watermark') operator.advanceWatermark(step.ms);
    else if (step.kind === 'idle') operator.advanceIdleTime(step.ms);
    else operator.processBatch(batchOf(stream, timedRows(step, entries)));
  }
  return { vectors, late, failed };
}

/** The same history, as the oracle sees it. */
export function oracleOf(
  simCase: SimCase,
  view: ViewNode,
  history: readonly HistoryStep[],
): OracleResult {
  const { steps, entries } = hosted(simCase, view, history);
  const oracle = new ViewOracle(viewContext(simCase.plan, view.name));
  let watermarkMs = Number.NEGATIVE_INFINITY;
  const advance = (ms: number): void => {
    if (ms <= watermarkMs) return;
    watermarkMs = ms;
    oracle.advance(ms);
  };
  for (const step of steps) {
    if (step.kind === 'watermark') advance(step.ms);
    else if (step.kind === 'idle') {
      if (step.ms > watermarkMs) oracle.advanceIdle(step.ms);
    } else {
      for (const { row, watermarkMs: before } of timedRows(step, entries)) {
        advance(before);
        oracle.process(row, before);
      }
    }
  }
  return oracle.result();
}

function timedRows(
  { split, rows }: Extract<HistoryStep, { kind: 'rows' }>,
  entries: readonly (readonly ScriptEntry[])[],
): readonly TimedRow[] {
  return rows.map(({ offset, watermarkMs, arrivalMs }: HistoryRow) => {
    const entry = entries[split]?.[offset];
    if (entry?.kind !== 'row') throw new Error(`split ${split} has no row ${offset}`);
    return { row: { split, offset, row: entry.row, arrivalMs }, watermarkMs };
  });
}

/** Of each stream the watermark that its furthest split has reached in the history. */
export function furthestMs(
  { plan, streams }: SimCase,
  history: readonly HistoryStep[],
): readonly number[] {
  return plan.streams.map((stream, index) => {
    const entries = [...(streams[index]?.splits.values() ?? [])];
    const times = history.flatMap((step) =>
      step.kind === 'rows' && step.stream === index
        ? timedRows(step, entries).map(({ row }) => eventTimeOf(stream, row.row))
        : [],
    );
    const greatestMs = times.reduce((most, ms) => Math.max(most, ms), Number.NEGATIVE_INFINITY);
    return greatestMs - stream.eventTime.outOfOrdernessMs;
  });
}

/** A row as text: all of it but its arrival. */
export function rowText(row: ViewRow): string {
  const { eventTimeMs, asOfMs, seq, values } = row;
  return `event_time ${eventTimeMs} as_of ${asOfMs} seq ${seq} ${identityOf(values)}`;
}

/** The stage that a view's stream is, and its place in the plan. */
export function viewNamed(plan: Plan, name: string): ViewNode {
  const view = plan.views.find((candidate) => candidate.name === name);
  if (view === undefined) throw new Error(`no view ${name}`);
  return view;
}
