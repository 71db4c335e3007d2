// `millrace check`: every problem of definitions and configuration at once. Reads no data.
import { type Command, Option } from 'commander';
import { type CheckTarget, checkProject } from '../../app/config/check-project.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { describeProblems } from '../describe-error.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';

interface CheckFlags {
  readonly target?: CheckTarget;
}

export function checkCommand(host: CliHost): Command {
  const command = newCommand(
    'check',
    'compile the definitions and report every problem at once; exit 1 on errors',
    ['millrace check', 'millrace check --env production --json', 'millrace check --target flink'],
  ).addOption(
    new Option('--target <target>', 'also say what this target cannot compute').choices([
      'engine',
      'flink',
    ]),
  );
  return onAction<[], CheckFlags>(command, host, check);
}

async function check(
  { load, options, terminal }: Invocation,
  _args: readonly [],
  { target }: CheckFlags,
): Promise<ExitCode> {
  const loaded = await load();
  const checked = await checkProject(loaded, options.env, target);
  const { problems, plan, guarantees, placement } = checked;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  if (problems.length > 0) terminal.print(describeProblems(problems));
  const features = plan?.views.reduce((n, v) => n + v.features.length + v.derived.length, 0) ?? 0;
  if (errors > 0) terminal.print(`${countOf(errors, 'error')}, ${countOf(warnings, 'warning')}`);
  else {
    const size = `${countOf(plan?.views.length ?? 0, 'view')}, ${countOf(features, 'feature')}`;
    terminal.print(`ok: ${size}, environment ${options.env}, ${countOf(warnings, 'warning')}`);
    for (const { place, guarantee, detail } of guarantees) {
      terminal.print(`  ${place.padEnd(8)} ${guarantee}: ${detail}`);
    }
    for (const { view, on, why, reads } of placement ?? []) {
      terminal.print(`  ${view} on ${on === 'flink' ? 'Flink' : 'the engine'} (${why}): ${reads}`);
    }
  }
  terminal.printJson({
    ok: errors === 0,
    env: options.env,
    errors,
    warnings,
    problems,
    guarantees,
    ...(placement === null ? {} : { placement }),
  });
  return errors > 0 ? exitCodes.userError : exitCodes.ok;
}

function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
