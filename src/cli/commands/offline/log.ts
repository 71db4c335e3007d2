// `millrace log`: upkeep of the feature log.
import type { Command } from 'commander';
import { millrace } from '../../../app/millrace.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import { createProgressLine } from '../../progress.ts';
import { formatCount } from '../../table.ts';

interface CompactFlags {
  readonly view?: string[];
}

export function logCommand(host: CliHost): Command {
  const command = newCommand('log', 'upkeep of the feature log', ['millrace log compact']);
  return command.addCommand(compactCommand(host));
}

function compactCommand(host: CliHost): Command {
  const command = newCommand('compact', 'few files of many in the feature log, while a job runs', [
    'millrace log compact',
    'millrace log compact --view user_spend',
  ]).option('--view <view...>', 'only these views; default: all');
  return onAction<[], CompactFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options, terminal, signal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    const line = createProgressLine(terminal);
    try {
      const result = await app.log.compact({
        ...(flags.view === undefined ? {} : { views: flags.view }),
        signal,
        onProgress: (text) => line.update(() => text),
      });
      line.end();
      const before = formatCount(result.files_before);
      const after = formatCount(result.files_after);
      terminal.print(
        `${before} files became ${after}, ${formatCount(result.rows_merged)} rows merged`,
      );
      if (result.files_left > 0) {
        const left = formatCount(result.files_left);
        terminal.print(
          `${left} files were left: they have other columns than the definition of today`,
        );
      }
      terminal.printJson(result);
      return exitCodes.ok;
    } finally {
      line.end();
      await app.close();
    }
  });
}
