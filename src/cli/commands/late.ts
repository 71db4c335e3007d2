// `millrace late ls|show|apply`: records that came too late for a window of a view, and what readers
// are given corrected for them.
import type { Command } from 'commander';
import type { AppliedLate, LateFilter, LateList } from '../../app/late-records/late-records.ts';
import type { LateRecordInfo } from '../../app/late-records/stored-late.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type CliHost, newCommand, onAction, parseWhole } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { createProgressLine } from '../progress.ts';
import { formatCount, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withApp } from '../with-app.ts';

interface ListFlags {
  readonly view?: string;
  readonly state?: string;
  readonly limit?: number;
}

interface ApplyFlags {
  readonly view?: string;
  readonly dryRun?: boolean;
  readonly again?: boolean;
}

export function lateCommand(host: CliHost): Command {
  const command = newCommand('late', 'late records: those that a window did not take any more', [
    'millrace late ls',
    'millrace late apply --dry-run',
    'millrace late apply',
  ]);
  for (const create of [listCommand, showCommand, applyCommand]) command.addCommand(create(host));
  return command;
}

function listCommand(host: CliHost): Command {
  const command = newCommand('ls', 'what came late, by view, and the last ones', [
    'millrace late ls --view user_spend --state open',
  ])
    .option('--view <name>', 'those of one view')
    .option('--state <state>', 'open or applied')
    .option('--limit <n>', 'records shown, 20 without it', parseWhole('--limit', 0, 1e6));
  return onAction<[], ListFlags>(command, host, (invocation, _, flags) =>
    withApp(invocation, async (app) => {
      const list = await app.late.list({ ...filterOf(flags), limit: flags.limit ?? 20 });
      printList(invocation.terminal, list);
      invocation.terminal.printJson(list);
      return exitCodes.ok;
    }),
  );
}

function showCommand(host: CliHost): Command {
  const command = newCommand('show', 'one late record: its row, and the features that missed it', [
    'millrace late show 3fa1',
  ]).argument('<id>', 'its id, or how it begins');
  return onAction<[string], object>(command, host, (invocation, [id]) =>
    withApp(invocation, async (app) => {
      const record = await app.late.show(id);
      printRecord(invocation.terminal, record);
      invocation.terminal.printJson(record);
      return exitCodes.ok;
    }),
  );
}

function applyCommand(host: CliHost): Command {
  const command = newCommand(
    'apply',
    'compute the keys of late and replayed records again from history, and write what differs',
    ['millrace late apply --dry-run', 'millrace late apply --view user_spend'],
  )
    .option('--view <name>', 'one view; without it all')
    .option('--again', 'also for records that were applied before')
    .option('--dry-run', 'say what would be written and write nothing');
  return onAction<[], ApplyFlags>(command, host, (invocation, _, flags) =>
    withApp(invocation, async (app) => {
      const { terminal, signal } = invocation;
      const { view, dryRun = false, again = false } = flags;
      const line = createProgressLine(terminal);
      const applied = await app.late
        .apply({
          ...(view === undefined ? {} : { view }),
          dryRun,
          again,
          signal,
          onProgress: (text) => line.update(() => text),
        })
        .finally(() => line.end());
      printApplied(terminal, applied);
      terminal.printJson(applied);
      return exitCodes.ok;
    }),
  );
}

function filterOf({ view, state }: ListFlags): LateFilter {
  if (state !== undefined && state !== 'open' && state !== 'applied') {
    throw new MillraceError('MR_USAGE', `--state is "${state}"`, { fix: 'use open or applied' });
  }
  return { ...(view === undefined ? {} : { view }), ...(state === undefined ? {} : { state }) };
}

function printList(terminal: Terminal, { total, groups, records }: LateList): void {
  if (total === 0) return terminal.print('there are no late records');
  const counts = groups.map((group) => [
    `${formatCount(group.count)}${group.is_sample ? '+' : ''}`,
    group.view,
    `${group.open}/${group.applied}`,
    group.first_event_time,
    group.last_event_time,
    Object.entries(group.features)
      .map(([name, count]) => `${name} ${formatCount(count)}`)
      .join(', '),
  ]);
  const header = ['records', 'view', 'open/applied', 'first event', 'last event', 'missed by'];
  terminal.print(formatTable(header, counts, new Set([0])));
  if (groups.some(({ is_sample }) => is_sample)) {
    terminal.print('+ more came than were kept; late apply computes all keys again');
  }
  if (records.length === 0) return;
  terminal.print();
  const rows = records.map(({ id, state, view, event_time, row }) => {
    return [id, state, view, event_time, shortened(JSON.stringify(row))];
  });
  terminal.print(formatTable(['id', 'state', 'view', 'event time', 'row'], rows));
}

function printRecord(terminal: Terminal, record: LateRecordInfo): void {
  const rows: [string, string][] = [
    ['id', record.id],
    ['state', record.state],
    ['view', record.view],
    ['missed by', record.features.join(', ')],
    ['event time', record.event_time],
    ['watermark', record.watermark ?? 'none'],
    ['from', `${record.stream}, ${record.split}, offset ${record.offset}`],
    ['row', JSON.stringify(record.row)],
    ...(record.applied_at === null ? [] : [['applied', record.applied_at] as [string, string]]),
  ];
  for (const [name, value] of rows) terminal.print(`${name.padEnd(10)}  ${value}`);
}

function printApplied(terminal: Terminal, { views, dry_run }: AppliedLate): void {
  const rows = Object.entries(views).map(([name, of]) => [
    name,
    formatCount(of.late_records),
    formatCount(of.replayed_records),
    of.all_keys ? `${formatCount(of.keys)} (all)` : formatCount(of.keys),
    formatCount(of.log_rows),
    formatCount(of.store_rows),
  ]);
  const verb = dry_run ? 'to write' : 'written';
  const header = ['view', 'late', 'replayed', 'keys', `log rows ${verb}`, `store rows ${verb}`];
  terminal.print(formatTable(header, rows, new Set([1, 2, 3, 4, 5])));
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
