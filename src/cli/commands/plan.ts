// `millrace plan`: the plan of an environment, for people or as JSON.
import type { Command } from 'commander';
import { millrace } from '../../app/millrace.ts';
import { planToJson } from '../../plan/plan-json.ts';
import { printPlan } from '../../plan/print-plan.ts';
import { type CliHost, newCommand, onAction } from '../command.ts';
import { exitCodes } from '../exit-code.ts';

export function planCommand(host: CliHost): Command {
  const command = newCommand('plan', 'print the plan: streams, views, features and their state', [
    'millrace plan',
    'millrace plan --json > plan.json',
  ]);
  return onAction<[], object>(command, host, async ({ load, options, terminal }) => {
    const app = await millrace(await load(), { env: options.env });
    terminal.print(printPlan(app.plan));
    terminal.printJson(JSON.parse(planToJson(app.plan)));
    await app.close();
    return exitCodes.ok;
  });
}
