// `millrace export`: the whole online view to a file, one row per entity.
import type { Command } from 'commander';
import { millrace } from '../../app/millrace.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { formatCount } from '../table.ts';

export interface ExportFlags {
  readonly out: string;
}

export function exportCommand(host: CliHost): Command {
  const command = newCommand('export', 'write the newest features of every entity to a file', [
    'millrace export user_spend --out user_spend.jsonl',
    'millrace export user_spend --out user_spend.parquet',
  ])
    .argument('<view>', 'name of the view')
    .requiredOption('--out <file>', 'a file that ends in .jsonl, .csv or .parquet');
  return onAction<[string], ExportFlags>(command, host, async (invocation, [view], flags) => {
    const { load, options, terminal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    try {
      const { rows, out } = await app.export(view, flags.out);
      terminal.print(`${formatCount(rows)} rows of ${view} in ${flags.out}`);
      terminal.printJson({ view, rows, out });
      return exitCodes.ok;
    } finally {
      await app.close();
    }
  });
}
