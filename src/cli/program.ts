// The command line as a tree of commands. Commander parses; what fails comes back as an exception and
// is told by `main.ts`, so nothing here writes or exits but `--help` and `--version`.
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { CliHost } from './command.ts';
import { benchCommand } from './commands/bench.ts';
import { checkCommand } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { feastCommand } from './commands/definitions/feast.ts';
import { registryCommand } from './commands/definitions/registry.ts';
import { devCommand } from './commands/dev.ts';
import { dlqCommand } from './commands/dlq.ts';
import { exportCommand } from './commands/export.ts';
import { flinkCommand } from './commands/definitions/flink.ts';
import { sqlCommand } from './commands/definitions/sql.ts';
import { getCommand } from './commands/get.ts';
import { initCommand } from './commands/init.ts';
import { lagCommand } from './commands/lag.ts';
import { offsetsCommand } from './commands/offsets.ts';
import { lateCommand } from './commands/late.ts';
import { planCommand } from './commands/plan.ts';
import { promoteCommand } from './commands/promote.ts';
import { replayCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { savepointCommand } from './commands/savepoint.ts';
import { schemaCommand } from './commands/schema.ts';
import { serveCommand } from './commands/serve.ts';
import { replicateCommand } from './commands/serving/replicate.ts';
import { skewCommand } from './commands/serving/skew.ts';
import { statusCommand } from './commands/status.ts';
import { storeCommand } from './commands/serving/store.ts';
import { topicsCommand } from './commands/topics.ts';
import { backfillCommand } from './commands/offline/backfill.ts';
import { logCommand } from './commands/offline/log.ts';
import { trainCommand } from './commands/offline/train.ts';
import { logLevels } from './terminal.ts';

const commands = [
  initCommand,
  checkCommand,
  planCommand,
  runCommand,
  savepointCommand,
  replayCommand,
  compareCommand,
  promoteCommand,
  statusCommand,
  lagCommand,
  offsetsCommand,
  topicsCommand,
  schemaCommand,
  dlqCommand,
  lateCommand,
  serveCommand,
  devCommand,
  getCommand,
  storeCommand,
  exportCommand,
  trainCommand,
  logCommand,
  backfillCommand,
  feastCommand,
  registryCommand,
  skewCommand,
  replicateCommand,
  flinkCommand,
  sqlCommand,
  benchCommand,
] as const;

export function createProgram(host: CliHost): Command {
  const program = new Command('millrace')
    .description('Real-time machine-learning features: defined once, computed, served, replayed.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--config <file>', 'the configuration file', './millrace.config.ts')
    .option('--env <name>', 'the environment of the configuration', 'local')
    .option('--as <name>', 'a second job of the environment, with state and outputs of its own')
    .option('--json', 'print one JSON document on stdout; logs go to stderr', false)
    .addOption(
      new Option('--log-level <level>', 'what to say on stderr').choices(logLevels).default('info'),
    )
    .addHelpText('after', '\nExample:\n  $ millrace init my-features');
  for (const create of commands) program.addCommand(create(host));
  for (const command of allOf(program)) silence(command, host);
  return program;
}

/** The command and all below it. */
function allOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap((child) => allOf(child))];
}

/** Errors are thrown and told once, by `main.ts`; help goes to the host's streams. */
function silence(command: Command, host: CliHost): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void host.streams.out.write(text),
      writeErr: () => undefined,
      outputError: () => undefined,
    });
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
