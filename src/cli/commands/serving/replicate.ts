// `millrace replicate`: the replication job of a region, from the centre to the copy nearby.
import type { Command } from 'commander';
import { millrace } from '../../../app/millrace.ts';
import type { ReplicationProgress } from '../../../app/regions/replicate-region.ts';
import { parseMs } from '../../arguments.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import { createProgressLine, formatLag } from '../../progress.ts';
import { formatCount } from '../../table.ts';

interface ReplicateFlags {
  readonly interval?: number;
  readonly untilCurrent?: boolean;
}

export function replicateCommand(host: CliHost): Command {
  const command = newCommand('replicate', 'keep the copy of a region up to date with the centre', [
    'millrace replicate --env eu',
    'millrace replicate --env eu --until-current',
  ])
    .option(
      '--interval <duration>',
      'from one look at the centre to the next (default 500ms)',
      parseMs('--interval'),
    )
    .option('--until-current', 'stop when the copy has what the centre has');
  return onAction<[], ReplicateFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options, terminal, signal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    const line = createProgressLine(terminal);
    try {
      const result = await app.replicate({
        ...(flags.interval === undefined ? {} : { intervalMs: flags.interval }),
        untilCurrent: flags.untilCurrent ?? false,
        signal,
        onNotice: (message) => terminal.log('warn', message),
        onProgress: (progress) => line.update(() => textOf(progress)),
      });
      line.end();
      terminal.print(textOf(result));
      terminal.printJson(result);
      return exitCodes.ok;
    } finally {
      line.end();
      await app.close();
    }
  });
}

function textOf({ connected, rows, age_ms, lag_ms }: ReplicationProgress): string {
  const age = age_ms === null ? 'not complete yet' : `complete ${formatLag(age_ms)} ago`;
  const { p50, p99 } = lag_ms;
  const lag =
    p50 === null || p99 === null ? '' : `, lag p50 ${formatLag(p50)} p99 ${formatLag(p99)}`;
  return `${formatCount(rows)} rows copied, ${age}${lag}${connected ? '' : ', waiting'}`;
}
