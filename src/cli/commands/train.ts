// `millrace train`: a point-in-time correct training set for a file of labels.
import type { Command } from 'commander';
import { millrace } from '../../app/millrace.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { createProgressLine } from '../progress.ts';
import { formatCount } from '../table.ts';

export interface TrainFlags {
  readonly view: string[];
  readonly entities: string;
  readonly out: string;
  readonly timeColumn: string;
  readonly fullFeatureNames?: boolean;
}

export function trainCommand(host: CliHost): Command {
  const command = newCommand(
    'train',
    'join features to labels, each as it was known at the time of its label',
    ['millrace train --view user_spend --entities labels.parquet --out train.parquet'],
  )
    .requiredOption('--view <view...>', 'views whose features become columns')
    .requiredOption('--entities <file>', 'labels: key columns, a time column, anything else')
    .requiredOption('--out <file>', 'a file that ends in .parquet, .csv or .jsonl')
    .option('--time-column <name>', 'column that holds the time of a label', 'event_timestamp')
    .option('--full-feature-names', 'name every feature column <view>__<feature>');
  return onAction<[], TrainFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options, terminal, signal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    const line = createProgressLine(terminal);
    try {
      const result = await app.train({
        views: flags.view,
        entities: flags.entities,
        out: flags.out,
        timeColumn: flags.timeColumn,
        fullFeatureNames: flags.fullFeatureNames === true,
        signal,
        onProgress: (text) => line.update(() => text),
      });
      line.end();
      const size = `${formatCount(result.rows)} rows × ${formatCount(result.columns)} columns`;
      terminal.print(`${size} in ${flags.out}`);
      terminal.printJson(result);
      return exitCodes.ok;
    } finally {
      line.end();
      await app.close();
    }
  });
}
