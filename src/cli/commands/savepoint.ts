// `millrace savepoint create|ls|drop`: named states of a job. A job that runs is asked for one; when
// none runs, its newest checkpoint becomes the savepoint.
import type { Command } from 'commander';
import { type App, millrace } from '../../app/millrace.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { type CliHost, type Invocation, newCommand, onAction, projectOptions } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatTable } from '../table.ts';

interface CreateFlags {
  readonly stop?: boolean;
}

export function savepointCommand(host: CliHost): Command {
  const command = newCommand('savepoint', 'named states of the job, to begin with again', [
    'millrace savepoint create before-upgrade --stop',
    'millrace savepoint ls',
    'millrace run --from-savepoint before-upgrade',
  ]);
  const create = newCommand('create', 'make a savepoint of the running job, or of its last state', [
    'millrace savepoint create before-upgrade --stop',
  ])
    .argument('<name>', 'letters, digits, . _ -')
    .option('--stop', 'stop the running job once the savepoint is there');
  const list = newCommand('ls', 'list the savepoints', ['millrace savepoint ls --json']);
  const drop = newCommand('drop', 'remove a savepoint', [
    'millrace savepoint drop before-upgrade',
  ]).argument('<name>', 'its name');
  command.addCommand(
    onAction<[string], CreateFlags>(create, host, (invocation, [name], flags) =>
      withApp(invocation, (app) => createSavepoint(app, invocation, name, flags.stop === true)),
    ),
  );
  command.addCommand(
    onAction<[], object>(list, host, (invocation) =>
      withApp(invocation, (app) => listSavepoints(app, invocation)),
    ),
  );
  command.addCommand(
    onAction<[string], object>(drop, host, (invocation, [name]) =>
      withApp(invocation, async (app) => {
        await app.savepoints.drop(name);
        invocation.terminal.print(`savepoint ${name} is removed`);
        invocation.terminal.printJson({ name });
      }),
    ),
  );
  return command;
}

async function withApp(
  { load, options }: Invocation,
  body: (app: App) => Promise<void>,
): Promise<ExitCode> {
  const app = await millrace(await load(), projectOptions(options));
  try {
    await body(app);
    return exitCodes.ok;
  } finally {
    await app.close();
  }
}

async function createSavepoint(
  app: App,
  { terminal }: Invocation,
  name: string,
  stop: boolean,
): Promise<void> {
  const made = await app.savepoints.create(name, { stop });
  const from = made.live ? 'of the running job' : 'of the last state: no job is running';
  terminal.print(`savepoint ${name}, checkpoint ${made.checkpoint}, ${from}`);
  terminal.printJson(made);
}

async function listSavepoints(app: App, { terminal }: Invocation): Promise<void> {
  const savepoints = await app.savepoints.list();
  const rows = savepoints.map(({ name, checkpoint, created_at_ms, problem }) => [
    name,
    checkpoint === null ? '' : String(checkpoint),
    created_at_ms === null ? '' : formatInstant(created_at_ms),
    problem ?? '',
  ]);
  if (rows.length === 0) terminal.print('there are no savepoints');
  else terminal.print(formatTable(['name', 'checkpoint', 'made', 'problem'], rows, new Set([1])));
  terminal.printJson(savepoints);
}
