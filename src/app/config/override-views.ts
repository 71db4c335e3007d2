// An environment may say when rows of a view appear (`emit`, `decay`), never what they mean.
import type { EnvironmentOptions, ViewOverride } from '../../define/config.ts';
import { parseDuration } from '../../kernel/duration.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import type { Problem } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type EmissionOverride, overrideView } from '../../plan/override-view.ts';
import type { Plan } from '../../plan/plan.ts';
import { collectingReporter } from '../../plan/reporter.ts';
import { validateRows } from '../../plan/validation/validate-rows.ts';

export interface OverriddenPlan {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
}

/** The plan with the environment's overrides in it. */
export function overrideViews(
  plan: Plan,
  environment: EnvironmentOptions,
  env: string,
): OverriddenPlan {
  const overrides = Object.entries(environment.views ?? {});
  if (overrides.length === 0) return { plan, problems: [] };
  const problems = overrides.flatMap(([name, override]) =>
    checkOverride(plan, name, override, `environments.${env}.views.${name}`),
  );
  const overridden = overrides.reduce(
    (result, [name, override]) => overrideView(result, name, overrideNode(override)),
    plan,
  );
  return { plan: overridden, problems: [...problems, ...rowsProblems(plan, overridden, env)] };
}

/** What an override breaks of a view whose rows are read. */
function rowsProblems(plan: Plan, overridden: Plan, env: string): readonly Problem[] {
  const known = rowsFindings(plan).map(({ path }) => path);
  return rowsFindings(overridden)
    .filter(({ path }) => !known.includes(path))
    .map((problem) => ({ ...problem, path: `environments.${env}.views.${problem.path}` }));
}

function rowsFindings(plan: Plan): readonly Problem[] {
  const problems: Problem[] = [];
  validateRows(plan, collectingReporter(problems));
  return problems;
}

function overrideNode({ emit, decay }: ViewOverride): EmissionOverride {
  const isEmit = emit === 'arrival' || emit === 'watermark';
  const decayMs = decay === undefined || decay === 'never' ? null : parseDuration(decay);
  return { ...(isEmit ? { emit } : {}), ...(decay === undefined ? {} : { decayMs }) };
}

function checkOverride(
  plan: Plan,
  name: string,
  override: ViewOverride,
  path: string,
): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (code: ErrorCode, place: string, message: string, fix: string): void => {
    problems.push({ severity: 'error', code, path: place, message, fix });
  };
  const names = plan.views.map((view) => view.name);
  if (!names.includes(name)) {
    add('MR_UNKNOWN_VIEW', path, `there is no view "${name}"`, suggestName(name, names));
  }
  const emit: unknown = override.emit;
  if (emit !== undefined && emit !== 'arrival' && emit !== 'watermark') {
    const message = `emit is "${String(emit)}"`;
    add('MR_CONFIG_INVALID', `${path}.emit`, message, "write 'arrival' or 'watermark'");
  }
  const { decay } = override;
  if (decay !== undefined && decay !== 'never' && !isPositive(decay)) {
    const message = `decay "${decay}" is no duration above zero`;
    add('MR_DEFINITION_DURATION', `${path}.decay`, message, "write '30s', '5m' or 'never'");
  }
  return problems;
}

function isPositive(duration: string): boolean {
  return (parseDuration(duration) ?? 0) > 0;
}
