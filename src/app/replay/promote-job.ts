// Switches readers to the rows of another job. Before, everything that readers could see when it began
// must be in those rows, so that no update is lost by it; after that one move of the alias does it.
// Nothing is copied, and both jobs go on as they were: going back is the same move.
import type { Clock } from '../../kernel/clock.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatField } from '../../kernel/types/field-type.ts';
import type { AliasState, StoreRows } from '../../ports/store-jobs.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { toJsonText } from '../json-text.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { jobOfVariant, openAlias, openRows, variantOfJob, withRows } from './job-rows.ts';

/** Options of `app.replay.promote`. */
export interface PromoteOptions {
  /** How long to wait until the job has caught up with what readers see, in ms. Default 30,000. */
  readonly waitMs?: number;
  /** Switch although rows are behind: a definition that leaves records out on purpose. Default false. */
  readonly acceptBehind?: boolean;
  /** Switch although views have other keys or features: readers know the new ones. Default false. */
  readonly acceptShape?: boolean;
  readonly signal?: AbortSignal;
}

/** What a switch of readers did. */
export interface Promotion {
  readonly from: string;
  readonly to: string;
  /** Of the alias; 0: readers were never switched. */
  readonly version: number;
  readonly at_ms: number;
  /** Null when it was not looked at. */
  readonly coverage: Coverage | null;
}

/** Whose rows readers are given. */
export interface ReadersState {
  readonly job: string;
  readonly version: number;
  /** Switches, the newest first. */
  readonly history: readonly { readonly job: string; readonly at_ms: number }[];
}

const defaultWaitMs = 30_000;

export async function promoteJob(
  project: ResolvedProject,
  job: string,
  options: PromoteOptions & { readonly clock: Clock },
): Promise<Promotion> {
  const alias = await openAlias(project);
  try {
    const before = await alias.current();
    const from = jobOfVariant(before.variant);
    if (from === job) throw nothingToSwitch(job);
    const coverage = await withRows(project, [from, job], (shown, candidate) =>
      checked(shown, candidate, { ...options, job }),
    );
    const atMs = options.clock.nowMs();
    const after = await alias.move({ from: before.version, variant: variantOfJob(job), atMs });
    return { from, to: job, version: after.version, at_ms: atMs, coverage };
  } finally {
    await alias.close();
  }
}

/** Back to what readers were given before the last switch, whatever those rows hold. */
export async function rollBackReaders(project: ResolvedProject, clock: Clock): Promise<Promotion> {
  const alias = await openAlias(project);
  try {
    const before = await alias.current();
    if (before.version === 0) {
      throw new MillraceError('MR_STORE_ALIAS', 'readers were never switched', {
        fix: 'there is nothing to go back to',
      });
    }
    const variant = before.history[1]?.variant ?? null;
    const to = jobOfVariant(variant);
    await (await openRows(project, to)).close();
    const atMs = clock.nowMs();
    const { version } = await alias.move({ from: before.version, variant, atMs });
    return { from: jobOfVariant(before.variant), to, version, at_ms: atMs, coverage: null };
  } finally {
    await alias.close();
  }
}

export async function readersState(project: ResolvedProject): Promise<ReadersState> {
  const alias = await openAlias(project);
  try {
    return stateOf(await alias.current());
  } finally {
    await alias.close();
  }
}

function stateOf({ variant, version, history }: AliasState): ReadersState {
  return {
    job: jobOfVariant(variant),
    version,
    history: history.map((move) => ({ job: jobOfVariant(move.variant), at_ms: move.atMs })),
  };
}

async function checked(
  shown: StoreRows,
  candidate: StoreRows,
  options: PromoteOptions & { readonly clock: Clock; readonly job: string },
): Promise<Coverage> {
  const { clock, job, signal } = options;
  if (options.acceptShape !== true) {
    const other = shown.views.flatMap((view) => shapeDifference(view, candidate));
    if (other.length > 0) throw otherShape(job, other);
  }
  const waitMs = options.acceptBehind === true ? 0 : (options.waitMs ?? defaultWaitMs);
  const coverage = await coverageOf({
    shown,
    candidate,
    clock,
    waitMs,
    ...(signal === undefined ? {} : { signal }),
  });
  if (coverage.behind > 0 && options.acceptBehind !== true) throw tooFarBehind(job, coverage);
  return coverage;
}

/** What readers of the view would not find, or find otherwise. */
function shapeDifference(view: StoredView, { views }: StoreRows): readonly string[] {
  const other = views.find((candidate) => candidate.view === view.view);
  if (other === undefined) return [`it has no view "${view.view}"`];
  const text = ({ key, features }: StoredView): string =>
    [...key, ...features].map(formatField).join(', ');
  return text(view) === text(other)
    ? []
    : [`"${view.view}" has ${text(other)}, readers know ${text(view)}`];
}

/** Throws MR_REPLAY_SHAPE when rows of the view cannot stand for each other. */
export function refuseOtherShape(job: string, view: StoredView, candidate: StoreRows): void {
  const other = shapeDifference(view, candidate);
  if (other.length > 0) throw otherShape(job, other);
}

function otherShape(job: string, differences: readonly string[]): MillraceError {
  return new MillraceError(
    'MR_REPLAY_SHAPE',
    `the rows of "${job}" have another shape: ${differences.join('; ')}`,
    {
      fix: 'restart readers with the new definition and promote with --accept-shape; rows of another shape cannot be merged',
    },
  );
}

function tooFarBehind(job: string, { behind, rows, examples }: Coverage): MillraceError {
  const [example] = examples;
  const text = (ms: number | null): string => (ms === null ? 'no event' : formatInstant(ms));
  const shown =
    example === undefined
      ? ''
      : `, such as ${example.view} ${toJsonText(example.key)}: readers see ${text(example.event_time_ms)}, it has ${text(example.has_event_time_ms)}`;
  return new MillraceError(
    'MR_REPLAY_BEHIND',
    `"${job}" is behind in ${behind} of ${rows} rows${shown}. Readers were not switched`,
    {
      fix: `let it run until it has caught up (millrace replay ${job}), wait longer (--wait), or use --accept-behind`,
    },
  );
}

function nothingToSwitch(job: string): MillraceError {
  return new MillraceError('MR_STORE_ALIAS', `readers are given the rows of "${job}" already`, {
    fix: 'millrace promote --status says what was switched and when',
  });
}
