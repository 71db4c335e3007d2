// `millrace offsets reset`: where a consumer group goes on. Says what it would do unless told to do it.
import type { Command } from 'commander';
import type { App } from '../../app/millrace.ts';
import type { ResetTarget } from '../../app/offsets/plan-reset.ts';
import type { ResetOptions } from '../../app/offsets/reset-offsets.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { collect, parseInstant } from '../arguments.ts';
import { type CliHost, type Invocation, newCommand, onAction, parseWhole } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCount, formatTable } from '../table.ts';
import { withApp } from '../with-app.ts';

interface ResetFlags {
  readonly group?: string;
  readonly topic?: readonly string[];
  readonly partition?: readonly string[];
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toDatetime?: number;
  readonly toOffset?: number;
  readonly shiftBy?: number;
  readonly execute?: boolean;
}

export function offsetsCommand(host: CliHost): Command {
  const command = newCommand('offsets', 'where consumer groups go on', [
    'millrace offsets reset --to-datetime 2026-11-20T03:00:00Z',
  ]);
  const reset = newCommand(
    'reset',
    'move the offsets of a group; without --execute only says how',
    [
      'millrace offsets reset --to-datetime 2026-11-20T03:00:00Z',
      'millrace offsets reset --shift-by -1000 --partition 2 --execute',
      'millrace offsets reset --group somebody-else --topic raw.purchases --to-earliest --execute',
    ],
  )
    .option('--group <name>', "the group (default: that of the environment's job)")
    .option('--topic <name>', 'only this topic; may be given again', collect)
    .option('--partition <n>', 'only this partition; may be given again', collect)
    .option('--to-earliest', 'to the first record that is there')
    .option('--to-latest', 'to the end')
    .option(
      '--to-datetime <instant>',
      'to the first record written then or later',
      parseInstant('--to-datetime'),
    )
    .option(
      '--to-offset <n>',
      'to this offset',
      parseWhole('--to-offset', 0, Number.MAX_SAFE_INTEGER),
    )
    .option('--shift-by <n>', 'so many records on; back with a minus', parseShift)
    .option('--execute', 'do it');
  command.addCommand(
    onAction<[], ResetFlags>(reset, host, (invocation, _args, flags) =>
      withApp(invocation, (app) => resetOffsets(app, invocation, flags)),
    ),
  );
  return command;
}

async function resetOffsets(
  app: App,
  { terminal }: Invocation,
  flags: ResetFlags,
): Promise<ExitCode> {
  const result = await app.offsets.reset(optionsOf(flags));
  const rows = result.moves.map(({ topic, partition, from, to, records, limited }) => [
    topic,
    String(partition),
    from === null ? 'none' : String(from),
    String(to),
    formatCount(records),
    limited ? 'nearest that is there' : '',
  ]);
  const header = ['topic', 'partition', 'from', 'to', 'read again', ''];
  terminal.print(formatTable(header, rows, new Set([1, 2, 3, 4])));
  terminal.print(
    result.executed
      ? `group ${result.group} goes on there`
      : `nothing was changed: add --execute to move group ${result.group}`,
  );
  for (const note of result.notes) terminal.print(`note: ${note}`);
  terminal.printJson(result);
  return exitCodes.ok;
}

function optionsOf(flags: ResetFlags): ResetOptions {
  const { group, topic, partition, execute = false } = flags;
  const parse = parseWhole('--partition', 0, 1_000_000);
  return {
    to: targetOf(flags),
    execute,
    ...(group === undefined ? {} : { group }),
    ...(topic === undefined ? {} : { topics: topic }),
    ...(partition === undefined ? {} : { partitions: partition.map(parse) }),
  };
}

function targetOf(flags: ResetFlags): ResetTarget {
  const { toEarliest, toLatest, toDatetime, toOffset, shiftBy } = flags;
  const targets: readonly ResetTarget[] = [
    ...(toEarliest === true ? (['earliest'] as const) : []),
    ...(toLatest === true ? (['latest'] as const) : []),
    ...(toDatetime === undefined ? [] : [{ datetimeMs: toDatetime }]),
    ...(toOffset === undefined ? [] : [{ offset: toOffset }]),
    ...(shiftBy === undefined ? [] : [{ shiftBy }]),
  ];
  const [only] = targets;
  if (only !== undefined && targets.length === 1) return only;
  throw new MillraceError('MR_USAGE', 'say where to: one of the targets', {
    fix: '--to-earliest, --to-latest, --to-datetime <instant>, --to-offset <n> or --shift-by <n>',
  });
}

function parseShift(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new MillraceError('MR_USAGE', `--shift-by must be a whole number, not "${text}"`);
}
