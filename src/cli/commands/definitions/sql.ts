// `millrace sql`: a script of Flink SQL on the embedded engine.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { runSql, unreadableScript } from '../../../app/sql/run-sql.ts';
import { type RowColumn, rowJson, type SqlRow, valueText } from '../../../app/sql/sql-row.ts';
import { type CliHost, newCommand, onAction } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';

const style = { separator: 'T', decimals: 'text' } as const;

export function sqlCommand(host: CliHost): Command {
  const command = newCommand(
    'sql',
    'run Flink SQL on this machine; a SELECT prints its changelog',
    ['millrace sql features.sql', 'millrace sql features.sql --json'],
  ).argument('<file>', 'a file of statements; - reads standard input');
  return onAction<[string], object>(command, host, async (invocation, [path]) => {
    const { terminal, signal } = invocation;
    const print = (line: string): void => void host.streams.out.write(`${line}\n`);
    const summary = await runSql(readScript(path), {
      signal,
      onNotice: (message) => terminal.log('info', message),
      onPrint: terminal.json ? (line) => terminal.log('error', line) : print,
      onRows: (columns, rows) => {
        for (const row of rows)
          print(terminal.json ? jsonLine(columns, row) : textLine(columns, row));
      },
    });
    terminal.log('info', summaryText(summary));
    return exitCodes.ok;
  });
}

function readScript(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw unreadableScript(path, error);
  }
}

/** `{"kind":"+I","row":{…}}` */
function jsonLine(columns: readonly RowColumn[], { kind, values }: SqlRow): string {
  return `{"kind":"${kind}","row":${rowJson(columns, values, style)}}`;
}

function textLine(columns: readonly RowColumn[], { kind, values }: SqlRow): string {
  const parts = columns.map(({ name, type }, i) => {
    const value = values[i] ?? null;
    return `${name}=${value === null ? 'null' : valueText(value, type)}`;
  });
  return `${kind} ${parts.join(' ')}`;
}

function summaryText(summary: {
  readonly records_in: number;
  readonly late_records: number;
  readonly dead_letters: number;
  readonly rows_out: number;
}): string {
  const { records_in, late_records, dead_letters, rows_out } = summary;
  const lost = `${late_records} late, ${dead_letters} not readable`;
  return `${records_in} records in (${lost}), ${rows_out} rows out`;
}
