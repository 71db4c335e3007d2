// What `millrace check` finds. A configuration that cannot be loaded, an unknown environment or a
// definition that throws is thrown; everything else is in the list.
import type { Problem } from '../../kernel/errors/millrace-error.ts';
import type { Plan } from '../../plan/plan.ts';
import { isFlinkBinding } from '../flink/flink-binding.ts';
import { clusterProblems, flinkProblems } from '../flink/flink-sql.ts';
import { type PlacedView, placementOf } from '../flink/hybrid/placement.ts';
import { viewsRead } from '../../plan/rows-stream.ts';
import { refusedWhenNeeded } from './check-environment.ts';
import { type Guarantee, guaranteesOf } from './guarantees.ts';
import { type ConfigInput, type ResolvedProject, resolveProject } from './resolve-project.ts';

export interface CheckResult {
  readonly problems: readonly Problem[];
  /** Null when there are errors. */
  readonly plan: Plan | null;
  readonly guarantees: readonly Guarantee[];
  /** Where each view is computed, and why; null where there is nothing to say of it. */
  readonly placement: readonly PlacedView[] | null;
}

/** What definitions are checked for, besides the environment's own engine. */
export type CheckTarget = 'engine' | 'flink';

/** Every problem of an environment of a configuration, errors first. */
export async function checkProject(
  input: ConfigInput,
  env: string,
  target?: CheckTarget,
): Promise<CheckResult> {
  const project = await resolveProject(input, { env });
  const { plan } = project;
  const problems = [...project.problems, ...targetProblems(project, target)];
  const errors = problems.filter(({ severity }) => severity === 'error');
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  return {
    problems: [...errors, ...warnings],
    plan: errors.length > 0 ? null : plan,
    guarantees: guaranteesOf(project),
    placement: errors.length > 0 ? null : placed(project),
  };
}

/** Nothing where all views are computed in one process from streams alone. */
function placed(project: ResolvedProject): readonly PlacedView[] | null {
  const { plan, environment } = project;
  if (!isFlinkBinding(environment.engine) && viewsRead(plan).size === 0) return null;
  return placementOf(project).views;
}

/** A plan with errors is compiled for nobody: what follows from them would be noise. */
function targetProblems(
  project: ResolvedProject,
  target: CheckTarget | undefined,
): readonly Problem[] {
  const isBroken = project.problems.some(
    ({ severity, code }) => severity === 'error' && !refusedWhenNeeded.includes(code),
  );
  if (target === 'engine' || isBroken) return [];
  if (target === 'flink') return flinkProblems(project);
  return isFlinkBinding(project.environment.engine) ? clusterProblems(project) : [];
}
