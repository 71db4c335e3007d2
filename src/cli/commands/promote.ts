// `millrace promote`: switches readers to the rows of another job, in one step and without restarting
// them; back again; or takes single corrections over.
import type { Command } from 'commander';
import type { App } from '../../app/millrace.ts';
import { parseKey } from '../../app/parse-key.ts';
import type { MergeOptions } from '../../app/replay/merge-rows.ts';
import type { Promotion } from '../../app/replay/promote-job.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { collect, parseInstant, parseMs } from '../arguments.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCount, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withApp } from '../with-app.ts';
import { printCoverage } from './replay.ts';

interface PromoteFlags {
  readonly wait?: number;
  readonly acceptBehind?: boolean;
  readonly acceptShape?: boolean;
  readonly rollback?: boolean;
  readonly status?: boolean;
  readonly merge?: boolean;
  readonly key?: readonly string[];
  readonly view?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly dryRun?: boolean;
  readonly undoMerge?: boolean;
}

export function promoteCommand(host: CliHost): Command {
  const command = newCommand('promote', 'switch readers to the rows of another job, and back', [
    'millrace promote next',
    'millrace promote --rollback',
    'millrace promote next --merge --view user_spend --key user_id=u1',
    'millrace promote next --merge --from 2026-11-20T03:00:00Z --to 2026-11-20T04:00:00Z --dry-run',
  ])
    .argument('[job]', 'the job whose rows readers are to be given; `main` is the first')
    .option(
      '--wait <duration>',
      'how long to wait until it has caught up (default 30s)',
      parseMs('--wait'),
    )
    .option('--accept-behind', 'switch although rows are behind: the definition leaves records out')
    .option('--accept-shape', 'switch although keys or features differ: readers know the new ones')
    .option('--rollback', 'switch back to what readers were given before')
    .option('--status', 'say whose rows readers are given, and since when')
    .option('--merge', 'do not switch: write its corrections into the rows that readers are given')
    .option('--view <name>', 'merge: this view; may be given again', collect)
    .option('--key <key=value,…>', 'merge: this entity of the view; may be given again', collect)
    .option(
      '--from <instant>',
      'merge: rows whose newest event is not older',
      parseInstant('--from'),
    )
    .option('--to <instant>', 'merge: rows whose newest event is older', parseInstant('--to'))
    .option('--dry-run', 'merge: only say what would be written')
    .option('--undo-merge', 'take the last merge back');
  return onAction<[string | undefined], PromoteFlags>(command, host, (invocation, [job], flags) =>
    withApp(invocation, async (app) => {
      await act(app, invocation, job, flags);
      return exitCodes.ok as ExitCode;
    }),
  );
}

async function act(
  app: App,
  { terminal }: Invocation,
  job: string | undefined,
  flags: PromoteFlags,
): Promise<void> {
  if (flags.status === true) return status(app, terminal);
  if (flags.undoMerge === true) return undo(app, terminal);
  if (flags.rollback === true) return printSwitch(terminal, await app.replay.rollback());
  if (job === undefined) {
    throw new MillraceError('MR_USAGE', 'which job shall readers be given?', {
      fix: 'millrace promote <job>, or --rollback, --status, --undo-merge',
    });
  }
  if (flags.merge === true) return merge(app, terminal, job, flags);
  const { wait, acceptBehind = false, acceptShape = false } = flags;
  const options = { acceptBehind, acceptShape, ...(wait === undefined ? {} : { waitMs: wait }) };
  printSwitch(terminal, await app.replay.promote(job, options));
}

function printSwitch(terminal: Terminal, promotion: Promotion): void {
  const { from, to, at_ms, coverage } = promotion;
  printCoverage(terminal, to, coverage);
  terminal.print(
    `readers are given the rows of ${to} instead of ${from} since ${formatInstant(at_ms)}`,
  );
  terminal.printJson(promotion);
}

async function status(app: App, terminal: Terminal): Promise<void> {
  const state = await app.replay.readers();
  terminal.print(`readers are given the rows of ${state.job}`);
  const rows = state.history.map(({ job, at_ms }) => [formatInstant(at_ms), job]);
  if (rows.length > 0) terminal.print(formatTable(['switched', 'to'], rows));
  terminal.printJson(state);
}

async function undo(app: App, terminal: Terminal): Promise<void> {
  const result = await app.replay.undoMerge();
  terminal.print(
    `${formatCount(result.restored)} rows are as they were before; ` +
      `${formatCount(result.changed_since)} were written since and stay`,
  );
  terminal.printJson(result);
}

async function merge(
  app: App,
  terminal: Terminal,
  job: string,
  flags: PromoteFlags,
): Promise<void> {
  const result = await app.replay.merge(job, mergeOptions(app, flags));
  const rows = Object.entries(result.views).map(([view, counts]) => [
    view,
    ...[counts.corrected, counts.equal, counts.behind, counts.missing].map(formatCount),
  ]);
  const written = result.dry_run ? 'to correct' : 'corrected';
  const header = ['view', written, 'equal', 'behind', 'missing'];
  terminal.print(formatTable(header, rows, new Set([1, 2, 3, 4])));
  if (result.undo !== null) terminal.print('to take it back: millrace promote --undo-merge');
  terminal.printJson(result);
}

function mergeOptions(app: App, flags: PromoteFlags): MergeOptions {
  const { view: views, key: keys, from, to, dryRun = false } = flags;
  return {
    dryRun,
    ...(views === undefined ? {} : { views }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
    ...(keys === undefined ? {} : { keys: keysOf(app, views ?? [], keys) }),
  };
}

function keysOf(
  app: App,
  views: readonly string[],
  keys: readonly string[],
): NonNullable<MergeOptions['keys']> {
  if (views.length === 0) {
    throw new MillraceError('MR_USAGE', '--key needs a view', {
      fix: 'add --view user_spend: whose rows of that entity are to be corrected',
    });
  }
  return views.flatMap((view) =>
    keys.map((text) => ({ view, key: parseKey(app.view(view), text.split(',')) })),
  );
}
