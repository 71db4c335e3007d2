// Which of a project's views a cluster of Flink computes, and which the engine: what the definition says,
// else Flink where it can. Each has a reason that people are told. Opens nothing.
import { compileFlink } from '../../../flink/compile-flink.ts';
import type { FlinkTables } from '../../../flink/flink-tables.ts';
import type { Problem } from '../../../kernel/errors/millrace-error.ts';
import type { EngineName, Plan, ViewNode } from '../../../plan/plan.ts';
import { viewRead } from '../../../plan/rows-stream.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { isFlinkBinding } from '../flink-binding.ts';
import { flinkTablesOf } from '../flink-tables-of.ts';
import { rowsTopic } from './rows-topic.ts';

/** Where a view is computed. */
export interface PlacedView {
  readonly view: string;
  readonly on: EngineName;
  readonly why: string;
  /** What its rows come from: a stream, or the topic that joins it with a view on Flink. */
  readonly reads: string;
}

/** The views of an environment by where they are computed. */
export interface Placement {
  readonly views: readonly PlacedView[];
  /** Only what Flink computes. */
  readonly flinkPlan: Plan;
  /** Names of views that the engine computes. */
  readonly engine: ReadonlySet<string>;
  /** What was placed because it could not be elsewhere, as warnings. */
  readonly notices: readonly Problem[];
}

/** Everything on the engine, unless the environment belongs to a cluster. */
export function placementOf(project: ResolvedProject): Placement {
  const { plan } = project;
  const places = placesOf(project);
  const engine = new Set(namesOn('engine', plan, places));
  return {
    engine,
    flinkPlan: { ...plan, views: plan.views.filter(({ name }) => !engine.has(name)) },
    views: plan.views.map((view, i) => ({
      view: view.name,
      on: engine.has(view.name) ? 'engine' : 'flink',
      why: places[i]?.why ?? '',
      reads: readText(project, view, engine),
    })),
    notices: plan.views.flatMap((view, i) => noticeOf(view, places[i] as Place)),
  };
}

function placesOf(project: ResolvedProject): readonly Place[] {
  const { plan, environment } = project;
  if (!isFlinkBinding(environment.engine)) {
    return plan.views.map(() => ({ on: 'engine', why: 'this environment has no Flink' }));
  }
  const { tables } = flinkTablesOf(project);
  return plan.views.map((view) => placeOf(view, plan, tables));
}

interface Place {
  readonly on: EngineName;
  readonly why: string;
  /** Why it is not where it would be otherwise, and what to do about it. */
  readonly fix?: string;
}

function placeOf(view: ViewNode, plan: Plan, tables: FlinkTables): Place {
  if (view.on !== undefined) return { on: view.on, why: `.on('${view.on}')` };
  const read = viewRead(plan, view);
  if (read !== null) return { on: 'engine', why: `it reads the rows of ${read.name}` };
  const [refusal] = compileFlink({ plan: { ...plan, views: [view] }, tables }).refusals;
  if (refusal === undefined) return { on: 'flink', why: 'Flink computes all of it' };
  const { path, reason, alternative } = refusal;
  return { on: 'engine', why: `Flink cannot compute ${path}: ${reason}`, fix: alternative };
}

function namesOn(on: EngineName, { views }: Plan, places: readonly Place[]): readonly string[] {
  return views.filter((_, i) => places[i]?.on === on).map(({ name }) => name);
}

function readText(project: ResolvedProject, view: ViewNode, engine: ReadonlySet<string>): string {
  const { plan } = project;
  const read = viewRead(plan, view);
  if (read === null) return streamText(view);
  if (engine.has(read.name)) return `rows of ${read.name}, in the process`;
  return `rows of ${read.name}, by topic ${rowsTopic(project, read.name)}: written by Flink in transactions, seen after its checkpoints`;
}

function streamText(view: ViewNode): string {
  let { from } = view;
  while (from.kind === 'filter') from = from.input;
  return `stream ${from.stream}`;
}

/** Nobody said so: that Flink leaves it to the engine is worth a word. */
function noticeOf({ name }: ViewNode, { why, fix }: Place): readonly Problem[] {
  if (fix === undefined) return [];
  const message = `it is computed on the engine, by millrace run: ${why}`;
  const said = `say so with .on('engine'), or: ${fix}`;
  return [{ severity: 'warning', code: 'MR_FLINK_PLACEMENT', path: name, message, fix: said }];
}
