// `millrace backfill`: a new feature or view over history, into log and store, while a job runs.
import type { Command } from 'commander';
import { millrace } from '../../../app/millrace.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import { createProgressLine } from '../../progress.ts';
import { formatCount, formatTable } from '../../table.ts';

interface BackfillFlags {
  readonly view: string[];
  readonly dryRun?: boolean;
}

export function backfillCommand(host: CliHost): Command {
  const command = newCommand(
    'backfill',
    'compute views over history into log and store, while a job runs',
    ['millrace backfill --view user_spend', 'millrace backfill --view user_spend --dry-run'],
  )
    .requiredOption('--view <view...>', 'views to compute')
    .option('--dry-run', 'say what would be written, and write nothing');
  return onAction<[], BackfillFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options, terminal, signal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    const line = createProgressLine(terminal);
    try {
      const result = await app.backfill({
        views: flags.view,
        dryRun: flags.dryRun === true,
        signal,
        onProgress: (text) => line.update(() => text),
      });
      line.end();
      const rows = Object.entries(result.views).map(([view, done]) => [
        view,
        formatCount(done.log_rows),
        formatCount(done.store_rows),
        formatCount(done.records_read),
      ]);
      const header = ['VIEW', 'LOG ROWS', 'STORE ROWS', 'EVENTS READ'];
      terminal.print(formatTable(header, rows, new Set([1, 2, 3])));
      if (result.dry_run) terminal.print('nothing was written');
      terminal.printJson(result);
      return exitCodes.ok;
    } finally {
      line.end();
      await app.close();
    }
  });
}
