// `millrace topics plan|apply`: what the topics of the environment have to be like, and making them so.
import type { Command } from 'commander';
import type { App } from '../../app/millrace.ts';
import type { TopicDiff, TopicStep } from '../../app/topics/plan-topics.ts';
import type { ApplyTopicsOptions } from '../../app/topics/project-topics.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { withApp } from '../with-app.ts';

export function topicsCommand(host: CliHost): Command {
  const command = newCommand(
    'topics',
    'partitions, retention and compaction of the topics in use',
    ['millrace topics plan --env production', 'millrace topics apply --env production'],
  );
  const plan = newCommand('plan', 'say what has to change, and why; changes nothing', [
    'millrace topics plan --json',
  ]);
  const apply = newCommand('apply', 'change it: nothing is made smaller, nothing deleted', [
    'millrace topics apply',
  ])
    .option('--add-partitions', 'also to topics that are there: keys go to other partitions')
    .option('--compact', 'also topics that are there: older records of a key go');
  command.addCommand(
    onAction<[], object>(plan, host, (invocation) =>
      withApp(invocation, (app) => planTopics(app, invocation)),
    ),
  );
  command.addCommand(
    onAction<[], ApplyTopicsOptions>(apply, host, (invocation, _args, flags) =>
      withApp(invocation, (app) => applyTopics(app, invocation, flags)),
    ),
  );
  return command;
}

async function planTopics(app: App, { terminal }: Invocation): Promise<ExitCode> {
  const plan = await app.topics.plan();
  for (const topic of plan.topics) printTopic(terminal, topic);
  terminal.print(plan.equal ? 'nothing has to change' : 'millrace topics apply does it');
  terminal.printJson(plan);
  return exitCodes.ok;
}

function printTopic(terminal: Terminal, diff: TopicDiff): void {
  const { topic, role, key, steps, reasons } = diff;
  const keyed = key.length === 0 ? '' : `, keyed by ${key.join(', ')}`;
  const marker = steps.length === 0 ? '=' : diff.exists ? '~' : '+';
  terminal.print(`${marker} ${topic} (${role}${keyed})`);
  for (const step of steps) terminal.print(`    ${stepText(step)}`);
  if (!diff.exists) {
    for (const [name, value] of Object.entries(diff.settings))
      terminal.print(`    ${name} = ${value}`);
  }
  for (const reason of reasons) terminal.print(`    # ${reason}`);
}

function stepText({ kind, state, setting, from, to, why }: TopicStep): string {
  const what =
    kind === 'set'
      ? `${setting}: ${from} → ${to}`
      : kind === 'create'
        ? `create: ${to}`
        : `partitions: ${from} → ${to}`;
  const flag = kind === 'add-partitions' ? '--add-partitions' : '--compact';
  const held = state === 'held' ? ` [held back: ${flag}]` : state === 'manual' ? ' [by hand]' : '';
  return `${what}${held}${why === '' ? '' : ` (${why})`}`;
}

async function applyTopics(
  app: App,
  { terminal }: Invocation,
  flags: ApplyTopicsOptions,
): Promise<ExitCode> {
  const result = await app.topics.apply({
    addPartitions: flags.addPartitions === true,
    compact: flags.compact === true,
  });
  for (const step of result.done) terminal.print(`done: ${step.topic}: ${stepText(step)}`);
  for (const step of result.left) terminal.print(`left: ${step.topic}: ${stepText(step)}`);
  if (result.done.length + result.left.length === 0) terminal.print('nothing has to change');
  terminal.printJson(result);
  return exitCodes.ok;
}
