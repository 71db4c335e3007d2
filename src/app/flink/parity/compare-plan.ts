// A plan on both sides over the same events: jobs of a few views each on the cluster, the engine's
// operators here, and what differs. A job that fails is run again view by view, to name the one.
import { compileFlink } from '../../../flink/compile-flink.ts';
import { planDifferences } from '../../../flink/plan-differences.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type Plan, streamOf, type ViewNode } from '../../../plan/plan.ts';
import type { WindowNode } from '../../../plan/window.ts';
import { compareRows, type ComparedRow } from './compare-rows.ts';
import { type EngineSide, engineSide, takenOf } from './engine-side.ts';
import {
  delayFactor,
  delayLinesMin,
  type EventsByStream,
  type FlinkRows,
  type FlinkSide,
  flinkRows,
  parityTables,
  runOnFlink,
} from './flink-side.ts';
import { deliveredRows } from './parity-events.ts';
import { type ParityCase, parityCases, parityPlan } from './parity-plan.ts';
import type { FlinkParityWindow } from './parity-report.ts';

/** What is compared. */
export interface PlanComparison {
  /** Views that Flink computes. */
  readonly plan: Plan;
  readonly events: EventsByStream;
  readonly sides: readonly FlinkSide[];
  readonly onStep: (text: string) => void;
  /** Told the rows that Flink gave. */
  readonly onRows?: (one: ParityCase, rows: readonly ComparedRow[]) => void;
}

/** Views that Flink can compute, and why the others are not compared. */
export function comparable(plan: Plan): {
  readonly plan: Plan;
  readonly refused: readonly { readonly view: string; readonly reason: string }[];
} {
  const refused: { readonly view: string; readonly reason: string }[] = [];
  const views = plan.views.filter((view) => {
    const reason = reasonAgainst({ ...plan, views: [view] }, view);
    if (reason !== null) refused.push({ view: view.name, reason });
    return reason === null;
  });
  return { plan: { ...plan, views }, refused };
}

function reasonAgainst(plan: Plan, view: ViewNode): string | null {
  if (view.on === 'engine') return "the engine computes it: .on('engine')";
  if (streamOf(plan, view).rowsOf !== undefined)
    return 'it reads rows of another view, on the engine';
  const own = parityPlan(plan);
  const { refusals } = compileFlink({ plan: own, tables: parityTables(own, '/', new Map()) });
  return refusals[0] === undefined ? null : `${refusals[0].path}: ${refusals[0].reason}`;
}

/** Windows of all views at each parallelism. */
export async function comparePlan(
  comparison: PlanComparison,
): Promise<readonly FlinkParityWindow[]> {
  const plan = parityPlan(comparison.plan);
  const ours = engineSides(plan, comparison.events);
  const windows: FlinkParityWindow[] = [];
  for (const side of comparison.sides) {
    const parts = inParts(plan.views);
    for (const [n, views] of parts.entries()) {
      comparison.onStep(`parallelism ${side.parallelism}: job ${n + 1} of ${parts.length}`);
      windows.push(...(await comparePart({ ...comparison, plan, views, side, ours })));
    }
  }
  return windows;
}

/** Operators of a job that a small cluster runs at ease. */
const windowsPerJob = 20;

function inParts(views: readonly ViewNode[]): readonly (readonly ViewNode[])[] {
  const parts: ViewNode[][] = [];
  let windows = Number.POSITIVE_INFINITY;
  for (const view of views) {
    const own = parityCases(view).length;
    if (windows + own > windowsPerJob) {
      parts.push([]);
      windows = 0;
    }
    parts.at(-1)?.push(view);
    windows += own;
  }
  return parts;
}

type EngineSides = ReadonlyMap<string, EngineSide>;

const caseKey = ({ view, group }: ParityCase): string => `${view.name}/${group.name}`;

function engineSides(plan: Plan, events: EventsByStream): EngineSides {
  return new Map(
    plan.views.flatMap((view) => {
      const own = events.get(streamOf(plan, view).name);
      if (own === undefined) throw new TypeError(`no events for view ${view.name}`);
      const given = { rows: deliveredRows(own), splitCount: own.splitCount };
      return parityCases(view).map((one) => [caseKey(one), engineSide(plan, one, given)] as const);
    }),
  );
}

interface Part extends Omit<PlanComparison, 'sides'> {
  readonly views: readonly ViewNode[];
  readonly side: FlinkSide;
  readonly ours: EngineSides;
}

/**
 * At parallelism 2 and more a difference counts when it is there again with readers held up for longer:
 * without, tasks that have nothing may have ended too late, and late records are taken.
 */
const runsMax = 3;

async function comparePart(part: Part): Promise<readonly FlinkParityWindow[]> {
  for (let run = 1; ; run++) {
    const windows = await runPart(part, delayLinesMin * delayFactor ** (run - 1));
    const isProof = part.side.parallelism === 1 || run === runsMax;
    if (isProof || windows.every(({ equal, failure }) => equal || failure !== null)) return windows;
    part.onStep('rows differ: once more, with readers held up for longer');
  }
}

async function runPart(part: Part, delayLines: number): Promise<readonly FlinkParityWindow[]> {
  const { plan, views, side } = part;
  const own = { ...plan, views };
  const read = new Set(views.map((view) => streamOf(plan, view).name));
  const events = new Map([...part.events].filter(([stream]) => read.has(stream)));
  const failure = await again(() => runOnFlink(side, own, events, delayLines)).then(
    () => null,
    ofDefinition,
  );
  if (failure !== null && views.length > 1) {
    part.onStep(`the job fails (${failure}): its views one by one`);
    const windows: FlinkParityWindow[] = [];
    for (const view of views) windows.push(...(await comparePart({ ...part, views: [view] })));
    return windows;
  }
  const cases = views.flatMap(parityCases);
  const windows = cases.map(async (one) => {
    const theirs = failure === null ? await flinkRows(side.folder, one) : null;
    if (theirs !== null) part.onRows?.(one, theirs.own);
    return windowOf(part, one, { theirs, failure });
  });
  return Promise.all(windows);
}

/** A cluster that did not get to answer itself in time: nothing is known of the definitions. */
const cutOff = /Ask timed out|heartbeat of TaskManager|TaskManager .* no longer reachable/i;

async function again<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof MillraceError && cutOff.test(error.message)) return run();
    throw error;
  }
}

/** What a definition makes Flink say is a result; that the cluster is away is none. */
function ofDefinition(error: unknown): string {
  const codes = ['MR_FLINK_JOB', 'MR_FLINK_STATEMENT'];
  if (error instanceof MillraceError && codes.includes(error.code)) return error.message;
  throw error;
}

interface Found {
  readonly theirs: FlinkRows | null;
  readonly failure: string | null;
}

function windowOf(part: Part, one: ParityCase, { theirs, failure }: Found): FlinkParityWindow {
  const ours = part.ours.get(caseKey(one));
  if (ours === undefined) throw new TypeError(`the engine did not run ${caseKey(one)}`);
  const own = theirs?.own ?? [];
  const rows = compareRows(one.columns, ours.rows, own);
  const shared = compareRows(one.columns, ours.rows, theirs?.shared ?? own);
  const inOutput = shared.examples.map((text) => `in the output of all windows: ${text}`);
  const late = flinkLate(one, ours, own);
  const { differing, missing, extra } = rows;
  const isEqual = differing + missing + extra === 0 && (late === null || late === ours.late);
  return {
    view: one.view.name,
    window: one.group.name,
    parallelism: part.side.parallelism,
    equal: failure === null && isEqual && inOutput.length === 0,
    rows_engine: ours.rows.length,
    rows_flink: own.length,
    differing,
    missing,
    extra,
    late_engine: ours.late,
    late_flink: failure === null ? late : null,
    examples: isEqual ? inOutput : rows.examples,
    by_design: byDesign(part, one, { failed: ours.failed, notFinite: rows.notFinite }),
    failure,
  };
}

/**
 * Records that Flink took stand in its rows; the others were late. Its own metric counts parts of
 * windows instead of records, where it sums up before it sends, and is gone when the job ends.
 */
function flinkLate(
  one: ParityCase,
  ours: EngineSide,
  theirs: readonly ComparedRow[],
): number | null {
  const { window } = one.group;
  if (window.kind === 'hopping' && window.sizeMs !== window.everyMs) return null;
  const total = takenOf(one, ours.rows.filter(isFinal(one, window))) + ours.late;
  return total - takenOf(one, theirs.filter(isFinal(one, window)));
}

/** Of windows that grow, the last one holds every record. */
function isFinal({ columns }: ParityCase, window: WindowNode): (row: ComparedRow) => boolean {
  if (window.kind !== 'cumulate') return () => true;
  const at = columns.findIndex(({ name, isIdentity }) => name === 'as_of' && isIdentity);
  return (row) => (Number(row[at]) + 1 - window.offsetMs) % window.sizeMs === 0;
}

function byDesign(
  { plan }: Part,
  { view, group }: ParityCase,
  { failed, notFinite }: { readonly failed: number; readonly notFinite: number },
): readonly string[] {
  const own = new Set([
    `${view.name}.emit`,
    ...group.features.map(({ name }) => `${view.name}.features.${name}`),
  ]);
  return [
    ...planDifferences(plan)
      .filter(({ path }) => own.has(path))
      .map(({ difference }) => difference),
    ...(failed === 0
      ? []
      : [
          `${failed} records are dead letters of the engine: a sum beyond its type, which wraps around on Flink`,
        ]),
    ...(notFinite === 0
      ? []
      : [
          `${notFinite} values are NaN on Flink, whose running sums do not recover from infinity or NaN`,
        ]),
  ];
}
