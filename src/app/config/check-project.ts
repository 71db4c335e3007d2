// What `millrace check` finds. A configuration that cannot be loaded, an unknown environment or a
// definition that throws is thrown; everything else is in the list.
import type { Problem } from '../../kernel/errors/millrace-error.ts';
import type { Plan } from '../../plan/plan.ts';
import { flinkProblems } from '../flink/flink-sql.ts';
import { isUnavailable, refusedWhenNeeded } from './check-environment.ts';
import { type Guarantee, guaranteesOf } from './guarantees.ts';
import { type ConfigInput, type ResolvedProject, resolveProject } from './resolve-project.ts';

export interface CheckResult {
  readonly problems: readonly Problem[];
  /** Null when there are errors. */
  readonly plan: Plan | null;
  readonly guarantees: readonly Guarantee[];
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
  };
}

/** A plan with errors is compiled for nobody: what follows from them would be noise. */
function targetProblems(
  project: ResolvedProject,
  target: CheckTarget = isUnavailable(project.environment.engine) ? 'flink' : 'engine',
): readonly Problem[] {
  const isBroken = project.problems.some(
    ({ severity, code }) => severity === 'error' && !refusedWhenNeeded.includes(code),
  );
  return target === 'engine' || isBroken ? [] : flinkProblems(project);
}
