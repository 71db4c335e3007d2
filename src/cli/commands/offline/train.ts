// `millrace train`: a point-in-time correct training set for a file of labels.
import { type Command, Option } from 'commander';
import { millrace } from '../../../app/millrace.ts';
import type { TrainMode } from '../../../app/offline/train-project.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import { createProgressLine } from '../../progress.ts';
import { formatCount } from '../../table.ts';

export interface TrainFlags {
  readonly view: string[];
  readonly entities: string;
  readonly out: string;
  readonly timeColumn?: string;
  readonly fullFeatureNames?: boolean;
  readonly mode: string;
  readonly asKnownAt?: boolean;
  readonly arrivalField?: string[];
}

const modes = ['recompute', 'logged'] as const satisfies readonly TrainMode[];

export function trainCommand(host: CliHost): Command {
  const command = newCommand(
    'train',
    'join features to labels, each as it was known at the time of its label',
    [
      'millrace train --view user_spend --entities labels.parquet --out train.parquet',
      'millrace train --view user_spend --entities labels.csv --out train.csv --mode logged --as-known-at',
    ],
  )
    .requiredOption('--view <view...>', 'views whose features become columns')
    .requiredOption(
      '--entities <file>',
      'labels: key columns, a time column, anything else; or stream:<name>',
    )
    .requiredOption('--out <file>', 'a file that ends in .parquet, .csv or .jsonl')
    .option('--time-column <name>', 'column with the time of a label (default: event_timestamp)')
    .addOption(
      new Option('--mode <mode>', 'recompute from the raw history, or join the feature log')
        .choices(modes)
        .default('recompute'),
    )
    .option('--as-known-at', 'count only what had arrived by the time of the label')
    .option(
      '--arrival-field <stream=field...>',
      'fields that say when records arrived, to recompute with --as-known-at',
    )
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
        ...(flags.timeColumn === undefined ? {} : { timeColumn: flags.timeColumn }),
        fullFeatureNames: flags.fullFeatureNames === true,
        mode: flags.mode as TrainMode,
        asKnownAt: flags.asKnownAt === true,
        arrivalFields: arrivalFields(flags.arrivalField ?? []),
        signal,
        onProgress: (text) => line.update(() => text),
      });
      line.end();
      const size = `${formatCount(result.rows)} rows × ${formatCount(result.columns)} columns`;
      terminal.print(`${size} in ${flags.out}`);
      if (result.records_failed > 0) {
        const failed = formatCount(result.records_failed);
        terminal.print(`${failed} records of history could not be read: they are in no feature`);
      }
      terminal.printJson(result);
      return exitCodes.ok;
    } finally {
      line.end();
      await app.close();
    }
  });
}

/** `<stream>=<field>` each. */
export function arrivalFields(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new MillraceError('MR_USAGE', `"${pair}" names no stream and field`, {
        fix: 'write --arrival-field <stream>=<field>',
      });
    }),
  );
}
