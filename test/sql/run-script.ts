// Runs a script in a folder of its own and gives what it shows, for tests.
import { runSql, type SqlSummary } from '../../src/app/sql/run-sql.ts';
import { rowJson } from '../../src/app/sql/sql-row.ts';

export interface ScriptResult {
  /** `+I {"a":1}` */
  readonly rows: readonly string[];
  readonly printed: readonly string[];
  readonly notices: readonly string[];
  readonly summary: SqlSummary;
}

export async function runScript(text: string, baseDirectory = '.'): Promise<ScriptResult> {
  const rows: string[] = [];
  const printed: string[] = [];
  const notices: string[] = [];
  const style = { separator: 'T', decimals: 'text' } as const;
  const summary = await runSql(text, {
    baseDirectory,
    onRows: (columns, given) => {
      rows.push(...given.map(({ kind, values }) => `${kind} ${rowJson(columns, values, style)}`));
    },
    onPrint: (line) => printed.push(line),
    onNotice: (notice) => notices.push(notice),
  });
  return { rows, printed, notices, summary };
}
