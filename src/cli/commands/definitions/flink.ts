// `millrace flink sql`: the definitions as Flink SQL, to read, to keep, to run elsewhere.
import { Option, type Command } from 'commander';
import { explainOnFlink, flinkSql } from '../../../app/flink/flink-sql.ts';
import { flinkProfiles, type FlinkProfileName } from '../../../flink/flink-profile.ts';
import { type CliHost, newCommand, onAction } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import { flinkJobCommands } from './flink-jobs.ts';
import { flinkParityCommand } from './flink-parity.ts';

interface SqlFlags {
  readonly flinkVersion: FlinkProfileName;
  readonly view?: readonly string[];
  readonly explain?: boolean;
}

export function flinkCommand(host: CliHost): Command {
  const command = newCommand('flink', 'the definitions on a Flink cluster', [
    'millrace flink sql --env production',
    'millrace flink deploy --env fleet',
    'millrace flink parity --env fleet --parallelism 1,2',
  ]);
  const sql = newCommand('sql', 'print the SQL that computes the views on Flink', [
    'millrace flink sql --env production > features.sql',
    'millrace flink sql --view user_spend --flink-version 1.20',
  ])
    .addOption(
      new Option('--flink-version <version>', 'the version that the text is for')
        .choices(Object.keys(flinkProfiles))
        .default('2.x'),
    )
    .option('--view <names...>', 'only these views')
    .option('--explain', "ask the environment's cluster what it would do; starts nothing");
  command.addCommand(
    onAction<[], SqlFlags>(sql, host, async ({ load, options, terminal }, _args, flags) => {
      const wanted = {
        env: options.env,
        flinkVersion: flags.flinkVersion,
        ...(flags.view === undefined ? {} : { views: flags.view }),
      };
      if (flags.explain === true) {
        const plan = await explainOnFlink(await load(), wanted);
        terminal.print(plan);
        terminal.printJson({ plan });
        return exitCodes.ok;
      }
      const program = await flinkSql(await load(), wanted);
      terminal.print(program.script.trimEnd());
      terminal.printJson(program);
      return exitCodes.ok;
    }),
  );
  for (const job of flinkJobCommands(host)) command.addCommand(job);
  command.addCommand(flinkParityCommand(host));
  return command;
}
