// A program in a session becomes a compiled plan in the folder of deployments, with lasting ids.
import type { GatewaySession } from '../client/gateway-client.ts';
import { quoteText } from '../sql-text.ts';
import { type FlinkProgram, type FlinkStatement, statementSetSql } from '../flink-program.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { PlanFolder } from './plan-folder.ts';
import { type StablePlan, stablePlan } from './stable-ids.ts';

/** Settings, tables and views of a session. */
export async function prepareSession(
  session: GatewaySession,
  statements: readonly FlinkStatement[],
): Promise<void> {
  for (const { text, origin } of statements) await session.execute(text, origin);
}

/**
 * Lets Flink compile a prepared program; starts nothing. Errors: MR_FLINK_JAR, MR_FLINK_STATEMENT,
 * MR_FLINK_DEPLOYMENT when the gateway writes to another folder than this process reads.
 */
export async function compilePlan(
  session: GatewaySession,
  program: FlinkProgram,
  folder: PlanFolder,
  name: string,
): Promise<StablePlan> {
  const draft = `draft-${name}`;
  await folder.remove(draft);
  const set = statementSetSql(program).replace(/^EXECUTE /, '');
  const compile = `COMPILE PLAN ${quoteText(`${folder.uri}/${draft}`)} FOR\n`;
  await session.execute(compile + set, originsOf(program));
  const compiled = await folder.read(draft);
  await folder.remove(draft);
  if (compiled === null) {
    throw new MillraceError('MR_FLINK_DEPLOYMENT', `the gateway wrote no plan to ${folder.uri}`, {
      fix: 'let checkpoints.directory be a folder or bucket that this machine, the gateway and the cluster share',
    });
  }
  const plan = stablePlan(compiled, soleGroupsOf(program));
  await folder.write(name, plan.json);
  return plan;
}

/** Output tables of views with one window, with the name of that window's query. */
function soleGroupsOf({ statements, inserts }: FlinkProgram): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, origin } of inserts) {
    const view = name.replace(/__output$/, '');
    const groups = statements.filter(
      (statement) =>
        statement.kind === 'view' &&
        statement.origin === origin &&
        statement.name !== `${view}__input`,
    );
    const [only] = groups;
    if (name.endsWith('__output') && only !== undefined && groups.length === 1) {
      found.set(name, only.name);
    }
  }
  return found;
}

function originsOf({ inserts }: FlinkProgram): string {
  return [...new Set(inserts.map(({ origin }) => origin))].join(', ');
}
