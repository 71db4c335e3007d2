// `millrace dlq ls|show|fix|replay`: records that failed. Nothing here changes an original; a fix is a
// copy, and what was replayed once is refused the second time.
import type { Command } from 'commander';
import type { DeadLetterFilter } from '../../app/dead-letters/choose-letters.ts';
import type { DeadLetterList, LetterOutcomes } from '../../app/dead-letters/dead-letters.ts';
import type { FixMethod } from '../../app/dead-letters/fixing/fix-letter.ts';
import type { DeadLetterInfo, LetterState } from '../../app/dead-letters/stored-letter.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type CliHost, newCommand, onAction, parseWhole } from '../command.ts';
import { editText } from '../edit-text.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCount, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withApp } from '../with-app.ts';

interface FilterFlags {
  readonly stream?: string;
  readonly code?: string;
  readonly state?: string;
  readonly since?: string;
  readonly until?: string;
  readonly contains?: string;
}

interface ListFlags extends FilterFlags {
  readonly limit?: number;
}

interface ChangeFlags extends FilterFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

interface FixFlags extends ChangeFlags {
  readonly set?: string;
  readonly script?: string;
  readonly edit?: boolean;
}

interface ReplayFlags extends ChangeFlags {
  readonly force?: boolean;
}

export function dlqCommand(host: CliHost): Command {
  const command = newCommand('dlq', 'dead letters: records that failed, fixed and replayed', [
    'millrace dlq ls',
    "millrace dlq fix --all --code MR_DATA_TYPE --set '.amount |= round'",
    'millrace dlq replay --all --state fixed',
  ]);
  for (const create of [listCommand, showCommand, fixCommand, replayCommand]) {
    command.addCommand(create(host));
  }
  return command;
}

function withFilter(command: Command): Command {
  return command
    .option('--stream <name>', 'those of one stream')
    .option('--code <code>', 'those with this error code')
    .option('--state <state>', 'open, fixed or replayed')
    .option('--since <instant>', 'those that failed at this instant or later')
    .option('--until <instant>', 'those that failed before this instant')
    .option('--contains <text>', 'those whose message or record contains the text');
}

function listCommand(host: CliHost): Command {
  const command = withFilter(
    newCommand('ls', 'what failed and why, and the newest letters', [
      'millrace dlq ls --since 2026-03-01T03:00:00Z',
    ]),
  ).option('--limit <n>', 'letters shown, 20 without it', parseWhole('--limit', 0, 1e6));
  return onAction<[], ListFlags>(command, host, (invocation, _, flags) =>
    withApp(invocation, async (app) => {
      const { limit = 20 } = flags;
      const list = await app.deadLetters.list({ ...filterOf(flags), limit });
      printList(invocation.terminal, list);
      invocation.terminal.printJson(list);
      return exitCodes.ok;
    }),
  );
}

function showCommand(host: CliHost): Command {
  const command = newCommand('show', 'one letter: why it failed, its record, what was done', [
    'millrace dlq show 3fa1',
  ]).argument('<id>', 'its id, or how it begins');
  return onAction<[string], object>(command, host, (invocation, [id]) =>
    withApp(invocation, async (app) => {
      const letter = await app.deadLetters.show(id);
      printLetter(invocation.terminal, letter);
      invocation.terminal.printJson(letter);
      return exitCodes.ok;
    }),
  );
}

function fixCommand(host: CliHost): Command {
  const command = withFilter(
    newCommand('fix', 'make edited copies that the stream of today would take', [
      "millrace dlq fix 3fa1 --set '.amount |= round'",
      'millrace dlq fix --all --code MR_DATA_TYPE --script ./fix-amounts.ts',
      'millrace dlq fix 3fa1 --edit',
    ]),
  )
    .argument('[ids...]', 'ids, or how they begin')
    .option('--all', 'all that fit the filters and were not replayed')
    .option('--set <expression>', 'an edit, as in .amount |= round | del(.debug)')
    .option('--script <file>', 'a module that exports fix(record, letter)')
    .option('--edit', 'open each in $EDITOR')
    .option('--dry-run', 'show the copies and keep none');
  return onAction<[string[]], FixFlags>(command, host, (invocation, [ids], flags) =>
    withApp(invocation, async (app) => {
      const { dryRun = false } = flags;
      const how = methodOf(flags);
      const outcomes = await app.deadLetters.fix(how, { ...chosenBy(ids, flags), dryRun });
      return told(invocation.terminal, outcomes, ['fixed', 'would be fixed']);
    }),
  );
}

function replayCommand(host: CliHost): Command {
  const command = withFilter(
    newCommand('replay', 'send letters, or their newest copies, into their stream again', [
      'millrace dlq replay 3fa1',
      'millrace dlq replay --all --state fixed',
    ]),
  )
    .argument('[ids...]', 'ids, or how they begin')
    .option('--all', 'all that fit the filters and were not replayed')
    .option('--force', 'also what was replayed, would fail again, or counts already')
    .option('--dry-run', 'show what would go and send nothing');
  return onAction<[string[]], ReplayFlags>(command, host, (invocation, [ids], flags) =>
    withApp(invocation, async (app) => {
      const { force = false, dryRun = false } = flags;
      const chosen = { ...chosenBy(ids, flags), force, dryRun };
      const outcomes = await app.deadLetters.replay(chosen);
      return told(invocation.terminal, outcomes, ['replayed', 'would be replayed']);
    }),
  );
}

const states: readonly LetterState[] = ['open', 'fixed', 'replayed'];

function filterOf(flags: FilterFlags): DeadLetterFilter {
  const { stream, code, state, since, until, contains } = flags;
  const known = states.find((name) => name === state);
  if (state !== undefined && known === undefined) {
    throw new MillraceError('MR_USAGE', `--state is "${state}"`, {
      fix: `use ${states.join(', ')}`,
    });
  }
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(code === undefined ? {} : { code }),
    ...(known === undefined ? {} : { state: known }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(contains === undefined ? {} : { contains }),
  };
}

/** Letters are changed only when they are named, or all of them are asked for. */
function chosenBy(ids: readonly string[], flags: ChangeFlags): DeadLetterFilter {
  if (ids.length > 0 === (flags.all === true)) {
    throw new MillraceError('MR_USAGE', 'which dead letters is not clear', {
      fix: 'name ids, or give --all, with filters such as --code or --since',
    });
  }
  return { ...filterOf(flags), ...(ids.length > 0 ? { ids } : {}) };
}

function methodOf({ set, script, edit }: FixFlags): FixMethod {
  if ([set, script, edit].filter((way) => way !== undefined).length !== 1) {
    throw new MillraceError('MR_USAGE', 'how to fix them is not clear', {
      fix: 'give one of --set <expression>, --script <file>, --edit',
    });
  }
  if (set !== undefined) return { set };
  return script === undefined ? { edit: editText } : { script };
}

function printList(terminal: Terminal, { total, groups, letters }: DeadLetterList): void {
  if (total === 0) return terminal.print('there are no dead letters');
  const counts = groups.map((group) => [
    formatCount(group.count),
    group.stream,
    group.code,
    `${group.open}/${group.fixed}/${group.replayed}`,
    group.first_failed_at,
    group.last_failed_at,
    group.message,
  ]);
  const header = [
    'letters',
    'stream',
    'code',
    'open/fixed/replayed',
    'first',
    'last',
    'newest message',
  ];
  terminal.print(formatTable(header, counts, new Set([0])));
  if (letters.length === 0) return;
  terminal.print();
  const rows = letters.map(({ id, state, failed_at, code, event }) => [
    id,
    state,
    failed_at,
    code,
    shortened(event ?? '(no text)'),
  ]);
  terminal.print(formatTable(['id', 'state', 'failed', 'code', 'record'], rows));
  if (letters.length < total)
    terminal.print(`… the newest ${letters.length} of ${formatCount(total)}`);
}

function printLetter(terminal: Terminal, letter: DeadLetterInfo): void {
  const { fixed_event, fixed_by, replayed_at, replay_of } = letter;
  const place = `${letter.topic}, ${letter.partition}, offset ${letter.offset}`;
  const rows: [string, string][] = [
    ['id', letter.id],
    ['state', letter.state],
    ['code', `${letter.code} (${letter.category})`],
    ['message', letter.message],
    ['refused by', letter.operator_uid],
    ['failed', letter.failed_at],
    ['pipeline', `${letter.pipeline} ${letter.pipeline_version}`],
    ['attempt', String(letter.attempt)],
    ['from', place],
    ...(replay_of === null ? [] : [['replay of', replay_of] as [string, string]]),
    ['record', letter.event ?? `${letter.event_base64} (base64)`],
    ...(fixed_event === null ? [] : [['copy', fixed_event] as [string, string]]),
    ...(fixed_by === null ? [] : [['copy by', fixed_by] as [string, string]]),
    ...(replayed_at === null ? [] : [['replayed', replayed_at] as [string, string]]),
  ];
  for (const [name, value] of rows) terminal.print(`${name.padEnd(10)}  ${value}`);
}

/** Exit code 1 when something that was asked for was not done. */
function told(
  terminal: Terminal,
  outcomes: LetterOutcomes,
  [did, would]: readonly [string, string],
): ExitCode {
  const { done, refused, dry_run } = outcomes;
  if (dry_run) for (const { id, event } of done) terminal.print(`${id}  ${event ?? ''}`);
  for (const { id, problem } of refused) terminal.print(`${id}  not: ${problem ?? ''}`);
  const left = refused.length === 0 ? '' : `, ${formatCount(refused.length)} not`;
  terminal.print(`${formatCount(done.length)} ${dry_run ? would : did}${left}`);
  terminal.printJson(outcomes);
  return refused.length === 0 ? exitCodes.ok : exitCodes.userError;
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
