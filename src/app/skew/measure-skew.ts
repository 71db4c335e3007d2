// Training–serving skew of an environment: a sample of what was served against the same engine over
// the environment's history. Looking changes nothing.
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { planFromJson } from '../../plan/plan-json.ts';
import { type Plan, streamOf, type ViewNode } from '../../plan/plan.ts';
import { codeOf, linkAggregates, userAggregates } from '../../plan/user-aggregate.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { arrivalFieldOf } from '../offline/arrival-field.ts';
import { type FormerView, isSameView } from './definition-change.ts';
import { type MeasuredView, measureView } from './measure-view.ts';
import { definitionName, definitionPath, servingLogDirectory } from './open-serving-log.ts';
import { readServed, type ServedRow } from './read-served.ts';
import {
  type AgeQuantiles,
  defaultThresholds,
  type FeatureVerdict,
  type SkewReport,
  type SkewThresholds,
  type ViewSkew,
} from './skew-report.ts';
import { readTraining, type TrainingReference } from './training-reference.ts';

/** Options of `app.skew`. */
export interface SkewOptions {
  /** Default: all views. */
  readonly views?: readonly (string | { readonly name: string })[];
  /** Rows served from here on, epoch ms by the wall's clock. Default: all that the log has. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Newest rows of each view. Default 100,000. */
  readonly limit?: number;
  /** How far rows may be behind, where the view's `freshness` does not say it. Default a minute. */
  readonly promiseMs?: number;
  /** Field that says when records arrived, by stream: then late data and a stale store are told apart by it. */
  readonly arrivalFields?: Readonly<Record<string, string>>;
  /** A training set to compare distributions and ages with. Default: computed at the times of serving. */
  readonly training?: string;
  readonly thresholds?: Partial<SkewThresholds>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

const defaultLimit = 100_000;
const defaultPromiseMs = 60_000;

interface Former {
  /** Definitions that compute something else than today's. */
  readonly changed: ReadonlyMap<string, FormerView>;
  readonly lost: ReadonlySet<string>;
}

export async function measureSkew(
  project: ResolvedProject,
  views: readonly ViewNode[],
  options: SkewOptions,
): Promise<SkewReport> {
  const startMs = systemClock.monotonicMs();
  const directory = servingLogDirectory(project);
  const sample = await readServed({
    directory,
    views: new Set(views.map(({ name }) => name)),
    fromMs: options.fromMs ?? Number.NEGATIVE_INFINITY,
    toMs: options.toMs ?? Number.POSITIVE_INFINITY,
    limit: options.limit ?? defaultLimit,
  });
  const training = options.training === undefined ? null : await readTraining(options.training);
  const thresholds = { ...defaultThresholds, ...options.thresholds };
  const measured: ViewSkew[] = [];
  for (const view of views) {
    const rows = sample.rows.get(view.name) ?? [];
    if (rows.length === 0) continue;
    measured.push(
      await viewSkew(project, view, { rows, training, thresholds, options, directory }),
    );
  }
  if (measured.length === 0) throw nothingServed(directory, views);
  return {
    verdict: measured.every(({ verdict }) => verdict === 'equal') ? 'ok' : 'skew',
    training: training === null ? 'recomputed' : 'file',
    thresholds,
    views: measured,
    unreadable: sample.unreadable,
    elapsed_ms: Math.round(systemClock.monotonicMs() - startMs),
  };
}

interface ViewParts {
  readonly rows: readonly ServedRow[];
  readonly training: TrainingReference | null;
  readonly thresholds: SkewThresholds;
  readonly options: SkewOptions;
  readonly directory: string;
}

async function viewSkew(
  project: ResolvedProject,
  view: ViewNode,
  { rows, training, thresholds, options, directory }: ViewParts,
): Promise<ViewSkew> {
  const names = new Set(rows.map(({ definition }) => definition));
  const former = await formerViews(project, view, names, directory);
  const promiseMs = view.freshnessMs ?? options.promiseMs ?? defaultPromiseMs;
  const measured = await measureView({
    project,
    view,
    rows,
    former: former.changed,
    promiseMs,
    arrivalField: arrivalField(project, view, options),
    thresholds,
    training,
    signal: options.signal ?? new AbortController().signal,
    onProgress: (text) => options.onProgress?.(text),
  });
  const features = measured.tallies.map((tally) => tally.result());
  const times = rows.map(({ time_ms }) => time_ms);
  return {
    view: view.name,
    verdict: worst(features.map(({ verdict }) => verdict)),
    rows: rows.length,
    not_found: rows.filter(({ as_of_ms }) => as_of_ms === null).length,
    from_ms: times.reduce((a, b) => Math.min(a, b)),
    to_ms: times.reduce((a, b) => Math.max(a, b)),
    definitions: [...names].map((name) => ({
      name,
      rows: rows.filter(({ definition }) => definition === name).length,
      is_current: !former.changed.has(name) && !former.lost.has(name),
      known: !former.lost.has(name),
    })),
    promise_ms: promiseMs,
    age_ms: agesOf(measured),
    features,
  };
}

/** Null for a stream of which none was named. */
function arrivalField(
  { plan }: ResolvedProject,
  view: ViewNode,
  { arrivalFields = {} }: SkewOptions,
): string | null {
  const stream = streamOf(plan, view);
  return Object.hasOwn(arrivalFields, stream.name) ? arrivalFieldOf(stream, arrivalFields) : null;
}

async function formerViews(
  project: ResolvedProject,
  view: ViewNode,
  names: ReadonlySet<string>,
  directory: string,
): Promise<Former> {
  const current = definitionName(project.plan);
  const changed = new Map<string, FormerView>();
  const lost = new Set<string>();
  for (const name of names) {
    if (name === current) continue;
    const former = await formerView(definitionPath(directory, name), view.name, project.plan);
    if (former === null) lost.add(name);
    else if (!isSameView(former, project.plan, view)) changed.set(name, former);
  }
  return { changed, lost };
}

/** Aggregates of users are recomputed by the functions of today, where they are the same ones. */
async function formerView(path: string, name: string, today: Plan): Promise<FormerView | null> {
  try {
    const plan = planFromJson(await readFile(path, 'utf8'));
    const view = plan.views.find((other) => other.name === name);
    if (view === undefined) return null;
    linkAggregates({ views: [view] }, userAggregates(today));
    const isLinked = userAggregates({ views: [view] }).every((node) => codeOf(node) !== null);
    return isLinked ? { plan, view } : null;
  } catch {
    return null;
  }
}

function worst(verdicts: readonly FeatureVerdict[]): FeatureVerdict {
  if (verdicts.includes('off')) return 'off';
  return verdicts.includes('shifted') ? 'shifted' : 'equal';
}

function agesOf({ servingAges, trainingAges }: MeasuredView): ViewSkew['age_ms'] {
  return { serving: quantiles(servingAges), training: quantiles(trainingAges) };
}

function quantiles(ages: readonly number[]): AgeQuantiles {
  const sorted = Float64Array.from(ages).sort();
  const at = (q: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
  return { rows: ages.length, p50: at(0.5), p99: at(0.99) };
}

function nothingServed(directory: string, views: readonly ViewNode[]): MillraceError {
  const names = views.map(({ name }) => name).join(', ');
  return new MillraceError('MR_SKEW_NO_ROWS', `nothing was logged of what ${names} served`, {
    context: { path: directory },
    fix: 'serve with --log-served 0.01 (or servingLog: { rate: 0.01 } in the environment)',
  });
}
