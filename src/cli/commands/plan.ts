// `millrace plan`: the plan of an environment, for people or as JSON; with `--diff`, what becomes of
// the state of a savepoint under it.
import type { Command } from 'commander';
import { type App, millrace } from '../../app/millrace.ts';
import { planToJson } from '../../plan/plan-json.ts';
import { printPlan } from '../../plan/print-plan.ts';
import { printComparison } from '../../plan/printing/print-comparison.ts';
import { type CliHost, type Invocation, newCommand, onAction, projectOptions } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';

interface PlanFlags {
  readonly diff?: string;
}

export function planCommand(host: CliHost): Command {
  const command = newCommand('plan', 'print the plan: streams, views, features and their state', [
    'millrace plan',
    'millrace plan --json > plan.json',
    'millrace plan --diff before-upgrade',
  ]).option(
    '--diff <savepoint>',
    'say which state of a savepoint is kept, migrated, dropped or refused; exit 1 when refused',
  );
  return onAction<[], PlanFlags>(command, host, async (invocation, _, flags) => {
    const app = await millrace(await invocation.load(), projectOptions(invocation.options));
    try {
      if (flags.diff !== undefined) return await printDiff(app, invocation, flags.diff);
      invocation.terminal.print(printPlan(app.plan));
      invocation.terminal.printJson(JSON.parse(planToJson(app.plan)));
      return exitCodes.ok;
    } finally {
      await app.close();
    }
  });
}

async function printDiff(app: App, { terminal }: Invocation, savepoint: string): Promise<ExitCode> {
  const comparison = await app.diff(savepoint);
  terminal.print(printComparison(comparison));
  terminal.printJson(comparison);
  return comparison.isRestorable ? exitCodes.ok : exitCodes.userError;
}
