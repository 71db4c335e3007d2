// An environment's plan as Flink SQL, and what `check --target flink` says of it.
import { openGatewaySession } from '../../flink/client/gateway-client.ts';
import { explainProgram } from '../../flink/client/submit-program.ts';
import { compileFlink } from '../../flink/compile-flink.ts';
import { planDifferences } from '../../flink/plan-differences.ts';
import type { FlinkProfileName } from '../../flink/flink-profile.ts';
import { type FlinkProgram, printProgram } from '../../flink/flink-program.ts';
import { commentText } from '../../flink/sql-text.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError, type Problem, ProblemsError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  type ConfigInput,
  type ResolvedProject,
  resolveProject,
} from '../config/resolve-project.ts';
import { isFlinkBinding } from './flink-binding.ts';
import { programWithJar } from './deploy/functions-jar.ts';
import { flinkTablesOf } from './flink-tables-of.ts';
import { placementOf } from './hybrid/placement.ts';

/** Options of `flinkSql`. */
export interface FlinkSqlOptions {
  /** Name of the environment. Default `local`. */
  readonly env?: string;
  /** The version of Flink that the text is for. Default `2.x`. */
  readonly flinkVersion?: FlinkProfileName;
  /** Only these views. Default: all. */
  readonly views?: readonly string[];
}

/** The SQL of an environment. */
export interface FlinkSql extends FlinkProgram {
  /** All of it as one script. */
  readonly script: string;
}

/**
 * The plan of an environment as Flink SQL.
 *
 * Shape: a configuration in, statements out; definition files are read, nothing is opened.
 * Errors: ProblemsError with everything that Flink cannot compute or reach (MR_FLINK_REFUSED,
 * MR_FLINK_BINDING), each with its place and what to write instead; MR_UNKNOWN_VIEW.
 */
export async function flinkSql(
  input: ConfigInput,
  { env = 'local', flinkVersion = '2.x', views }: FlinkSqlOptions = {},
): Promise<FlinkSql> {
  const project = await resolveProject(input, { env });
  // The engine's own binding is not looked at: this is about text.
  const broken = project.problems.filter(
    ({ severity, code }) => severity === 'error' && code !== 'MR_NOT_AVAILABLE',
  );
  if (broken.length > 0) throw new ProblemsError(project.problems, broken[0]?.code);
  const { program, problems } = compileProject(project, flinkVersion, views);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new ProblemsError(errors, errors[0]?.code);
  return { ...program, script: engineNotes(project, views) + printProgram(program) };
}

/** The views that the script does not have, as comments. */
function engineNotes(project: ResolvedProject, views: readonly string[] | undefined): string {
  const { environment } = project;
  if (views !== undefined || !isFlinkBinding(environment.engine)) return '';
  return placementOf(project)
    .views.filter(({ on }) => on === 'engine')
    .map(({ view, why }) => `${commentText(`${view} is computed on the engine: ${why}`)}\n`)
    .join('');
}

/**
 * Flink's own plan of an environment's SQL, as text: the cluster of its `engine` is asked, nothing is
 * started. Errors: those of `flinkSql`, MR_FLINK_UNREACHABLE, MR_FLINK_STATEMENT with the definition
 * that Flink did not take, MR_CONFIG_INVALID without a cluster.
 */
export async function explainOnFlink(
  input: ConfigInput,
  options: FlinkSqlOptions = {},
): Promise<string> {
  const { env = 'local' } = options;
  const program = await flinkSql(input, options);
  const project = await resolveProject(input, { env });
  const { engine } = project.environment;
  if (!isFlinkBinding(engine)) {
    throw new MillraceError('MR_CONFIG_INVALID', `environment ${env} names no cluster of Flink`, {
      fix: "add engine: flink({ gateway: 'http://localhost:8083', jobManager: 'http://localhost:8081' })",
    });
  }
  const { program: explained, putJar } = await programWithJar(project, engine.options, program);
  await putJar();
  const session = await openGatewaySession({ url: engine.options.gateway, clock: systemClock });
  try {
    return await explainProgram(session, explained);
  } finally {
    await session.close();
  }
}

/** What Flink cannot do of a project, as errors, and what it does differently, as warnings. */
export function flinkProblems(project: ResolvedProject): readonly Problem[] {
  const views = project.plan.views.filter(({ on }) => on !== 'engine').map(({ name }) => name);
  return compileProject(project, '2.x', views).problems;
}

/** The same of a cluster's environment, where what Flink cannot compute is left to the engine: warnings. */
export function clusterProblems(project: ResolvedProject): readonly Problem[] {
  return [...compileProject(project, '2.x').problems, ...placementOf(project).notices];
}

function compileProject(
  project: ResolvedProject,
  profile: FlinkProfileName,
  views?: readonly string[],
): { readonly program: FlinkProgram; readonly problems: readonly Problem[] } {
  const { tables, problems } = flinkTablesOf(project);
  const plan = views === undefined ? flinkPlanOf(project) : viewsOf(project.plan, views);
  const program = compileFlink({ plan, tables, profile });
  const refused = program.refusals.map(
    ({ path, reason, alternative }): Problem => ({
      severity: 'error',
      code: 'MR_FLINK_REFUSED',
      path,
      message: reason,
      fix: alternative,
    }),
  );
  const differs = planDifferences(plan).map(
    ({ path, difference }): Problem => ({
      severity: 'warning',
      code: 'MR_FLINK_DIFFERENCE',
      path,
      message: difference,
    }),
  );
  return { program, problems: [...refused, ...problems, ...differs] };
}

/** What Flink is to compute: in the environment of a cluster what is placed there, else all that may be. */
function flinkPlanOf(project: ResolvedProject): Plan {
  const { plan, environment } = project;
  if (isFlinkBinding(environment.engine)) return placementOf(project).flinkPlan;
  return { ...plan, views: plan.views.filter(({ on }) => on !== 'engine') };
}

function viewsOf(plan: Plan, names: readonly string[]): Plan {
  const known = plan.views.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new MillraceError('MR_UNKNOWN_VIEW', `there is no view "${unknown}"`, {
      fix: suggestName(unknown, known),
    });
  }
  return { ...plan, views: plan.views.filter(({ name }) => names.includes(name)) };
}
