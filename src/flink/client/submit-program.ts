// A program of the compiler in a session: settings, tables and views, then the statement set; or only
// what Flink thinks of it.
import { type FlinkProgram, statementSetSql } from '../flink-program.ts';
import type { GatewaySession } from './gateway-client.ts';

/** Makes the tables and views of a program in a session. */
async function prepareProgram(session: GatewaySession, program: FlinkProgram): Promise<void> {
  for (const { text, origin } of program.statements) await session.execute(text, origin);
}

/**
 * Flink's plan of a program, as text; nothing is started. Errors: MR_FLINK_STATEMENT, with the
 * definition that the statement was made from.
 */
export async function explainProgram(
  session: GatewaySession,
  program: FlinkProgram,
): Promise<string> {
  await prepareProgram(session, program);
  const set = statementSetSql(program)
    .replace(/^EXECUTE /, '')
    .replaceAll(/;\n\nEND$/g, ';\n\nEND');
  const { rows } = await session.execute(`EXPLAIN ${set}`, 'plan');
  return rows.flat().join('\n');
}
