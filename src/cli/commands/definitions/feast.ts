// `millrace feast export`: what a stock Feast SDK needs to read our features.
import { type Command, Option } from 'commander';
import type { FeastExport, FeastExportOptions } from '../../../app/feast/export-feast.ts';
import { type CliHost, newCommand, onAction } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Terminal } from '../../terminal.ts';
import { withApp } from '../../with-app.ts';

export function feastCommand(host: CliHost): Command {
  const command = newCommand('feast', 'what a stock Feast SDK needs to read the features', [
    'millrace feast export --out feast-repo',
  ]);
  const exporting = newCommand('export', 'write feature_store.yaml and registry.db', [
    'millrace feast export --out feast-repo',
    'millrace feast export --out feast-repo --route remote --url http://features:6566',
  ])
    .requiredOption('--out <dir>', 'the folder of the repository')
    .addOption(
      new Option(
        '--route <route>',
        'how the SDK reads: from Redis itself, or from our server',
      ).choices(['redis', 'remote']),
    )
    .option('--url <url>', 'where millrace serve answers (default http://localhost:6566)');
  command.addCommand(
    onAction<[], FeastExportOptions>(exporting, host, (invocation, _args, flags) =>
      withApp(invocation, async (app) => {
        const { out, route, url } = flags;
        const written = await app.feast.export({
          out,
          ...(route === undefined ? {} : { route }),
          ...(url === undefined ? {} : { url }),
        });
        printExport(invocation.terminal, written);
        invocation.terminal.printJson(written);
        return exitCodes.ok;
      }),
    ),
  );
  return command;
}

function printExport(
  terminal: Terminal,
  { out, route, files, views, services, left, notes }: FeastExport,
): void {
  const told = `${countOf(views.length, 'view')} and ${countOf(services.length, 'service')}`;
  terminal.print(`${told} in ${out}: ${files.join(', ')}`);
  const from = route === 'redis' ? 'Redis' : 'millrace serve';
  terminal.print(`FeatureStore("${out}") reads from ${from}`);
  for (const { name, reason } of left) terminal.print(`left out: ${name}: ${reason}`);
  for (const note of notes) terminal.print(`note: ${note}`);
}

function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
