// What `millrace check` finds. A configuration that cannot be loaded, an unknown environment or a
// definition that throws is thrown; everything else is in the list.
import type { Problem } from '../../kernel/errors/millrace-error.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Guarantee, guaranteesOf } from './guarantees.ts';
import { type ConfigInput, resolveProject } from './resolve-project.ts';

export interface CheckResult {
  readonly problems: readonly Problem[];
  /** Null when there are errors. */
  readonly plan: Plan | null;
  readonly guarantees: readonly Guarantee[];
}

/** Every problem of an environment of a configuration, errors first. */
export async function checkProject(input: ConfigInput, env: string): Promise<CheckResult> {
  const project = await resolveProject(input, { env });
  const { problems, plan } = project;
  const errors = problems.filter(({ severity }) => severity === 'error');
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  return {
    problems: [...errors, ...warnings],
    plan: errors.length > 0 ? null : plan,
    guarantees: guaranteesOf(project),
  };
}
