// Dead letters of an environment: seen, fixed, replayed. The original is never changed: a fix is a
// copy beside it, a replay a new record that names it. What went back once is refused the second time.
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { attemptHeader } from '../../ports/dead-letter-record.ts';
import { type ReplayRecord, replayOfHeader } from '../../ports/set-aside.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkIds, type DeadLetterFilter, letterTest } from './choose-letters.ts';
import { type FixMethod, type Fixer, openFixer } from './fixing/fix-letter.ts';
import { type DeadLetterInfo, storedLetters } from './stored-letter.ts';
import {
  openSetAside,
  type ReadRecord,
  recordReader,
  streamNode,
  streamsMeant,
} from './stream-records.ts';

/** Dead letters with one reason. */
export interface DeadLetterGroup {
  readonly stream: string;
  readonly code: string;
  readonly operator_uid: string;
  /** Of the newest of them. */
  readonly message: string;
  readonly count: number;
  readonly open: number;
  readonly fixed: number;
  readonly replayed: number;
  readonly first_failed_at: string;
  readonly last_failed_at: string;
}

/** What `app.deadLetters.list` gives. */
export interface DeadLetterList {
  readonly total: number;
  /** By stream, error code and who refused, the greatest first. */
  readonly groups: readonly DeadLetterGroup[];
  /** The newest ones, newest first. */
  readonly letters: readonly DeadLetterInfo[];
}

/** A letter for which something was done, or not. */
export interface LetterOutcome {
  readonly id: string;
  readonly stream: string;
  /** The copy, or what was sent, as text; null when it is none. */
  readonly event: string | null;
  /** Why nothing was done; null when it was. */
  readonly problem: string | null;
}

/** What became of the letters that were meant. */
export interface LetterOutcomes {
  readonly done: readonly LetterOutcome[];
  readonly refused: readonly LetterOutcome[];
  readonly dry_run: boolean;
}

/** Which letters are fixed: those that fit, and were not replayed unless they are named. */
export interface FixOptions extends DeadLetterFilter {
  /** Show what would be done. Default false. */
  readonly dryRun?: boolean;
}

/** Which letters are replayed: those that fit. */
export interface ReplayLettersOptions extends FixOptions {
  /** Also what was replayed before, would fail again, or was counted by a view. Default false. */
  readonly force?: boolean;
}

/** Dead letters of an environment. */
export interface DeadLetters {
  /** What there is, by reason, and the newest `limit` (default 20). */
  list(filter?: DeadLetterFilter & { readonly limit?: number }): Promise<DeadLetterList>;
  /** One of them; throws MR_DEAD_LETTER_UNKNOWN. */
  show(id: string): Promise<DeadLetterInfo>;
  /** Keeps an edited copy of each that fits, if the stream of today would take it. */
  fix(how: FixMethod, options?: FixOptions): Promise<LetterOutcomes>;
  /** Sends each that fits, or its newest copy, into its stream, with a header that names it. */
  replay(options?: ReplayLettersOptions): Promise<LetterOutcomes>;
}

export function deadLettersOf(project: ResolvedProject): DeadLetters {
  return {
    list: ({ limit = 20, ...filter } = {}) => list(project, filter, limit),
    show: (id) => show(project, id),
    fix: (how, options = {}) => fix(project, how, options),
    replay: (options = {}) => replay(project, options),
  };
}

async function* lettersOf(
  project: ResolvedProject,
  stream: string | undefined,
): AsyncGenerator<DeadLetterInfo> {
  for (const name of streamsMeant(project, stream)) {
    const records = await openSetAside(project, name, 'read');
    try {
      yield* storedLetters(name, records);
    } finally {
      await records.close();
    }
  }
}

async function list(
  project: ResolvedProject,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterList> {
  const isMeant = letterTest(filter);
  const groups = new Map<string, DeadLetterGroup>();
  let newest: DeadLetterInfo[] = [];
  let total = 0;
  for await (const letter of lettersOf(project, filter.stream)) {
    if (!isMeant(letter)) continue;
    total++;
    const id = [letter.stream, letter.code, letter.operator_uid].join('\0');
    groups.set(id, counted(groups.get(id), letter));
    newest.push(letter);
    if (newest.length > 2 * limit + 1000) newest = newestOf(newest, limit);
  }
  return {
    total,
    groups: [...groups.values()].toSorted((a, b) => b.count - a.count),
    letters: newestOf(newest, limit),
  };
}

function newestOf(letters: readonly DeadLetterInfo[], limit: number): DeadLetterInfo[] {
  return letters
    .toReversed()
    .toSorted((a, b) => (a.failed_at < b.failed_at ? 1 : a.failed_at > b.failed_at ? -1 : 0))
    .slice(0, limit);
}

function counted(before: DeadLetterGroup | undefined, letter: DeadLetterInfo): DeadLetterGroup {
  const { stream, code, operator_uid, message, failed_at, state } = letter;
  const {
    count = 0,
    open = 0,
    fixed = 0,
    replayed = 0,
    first_failed_at = failed_at,
  } = before ?? {};
  return {
    stream,
    code,
    operator_uid,
    message,
    count: count + 1,
    open: open + Number(state === 'open'),
    fixed: fixed + Number(state === 'fixed'),
    replayed: replayed + Number(state === 'replayed'),
    first_failed_at,
    last_failed_at: failed_at,
  };
}

async function show(project: ResolvedProject, id: string): Promise<DeadLetterInfo> {
  const found: DeadLetterInfo[] = [];
  for await (const letter of lettersOf(project, undefined)) {
    if (letter.id.startsWith(id)) found.push(letter);
  }
  checkIds([id], found);
  return found[0] as DeadLetterInfo;
}

async function chosenLetters(
  project: ResolvedProject,
  filter: DeadLetterFilter,
): Promise<ReadonlyMap<string, DeadLetterInfo[]>> {
  const isMeant = letterTest(filter);
  const chosen: DeadLetterInfo[] = [];
  for await (const letter of lettersOf(project, filter.stream)) {
    if (isMeant(letter)) chosen.push(letter);
  }
  checkIds(filter.ids, chosen);
  return Map.groupBy(chosen, ({ stream }) => stream);
}

async function fix(
  project: ResolvedProject,
  how: FixMethod,
  options: FixOptions,
): Promise<LetterOutcomes> {
  const fixer = await openFixer(how);
  const outcomes: LetterOutcome[] = [];
  for (const [stream, letters] of await chosenLetters(project, options)) {
    const waiting = letters.filter(
      ({ state }) => options.ids !== undefined || state !== 'replayed',
    );
    const read = recordReader(project, stream);
    const made = [];
    for (const letter of waiting) made.push(await copyOf(letter, fixer, read));
    outcomes.push(...made.map(({ outcome }) => outcome));
    if (options.dryRun === true) continue;
    const copies = made.flatMap(({ outcome, bytes }) =>
      bytes === null ? [] : [{ outcome, bytes }],
    );
    const records = await openSetAside(project, stream, 'write');
    try {
      const at = formatInstant(systemClock.nowMs());
      const notes = copies.map(({ outcome: { id }, bytes }) => {
        const event_base64 = Buffer.from(bytes).toString('base64');
        return { kind: 'fix' as const, id, at, by: fixer.by, event_base64 };
      });
      await records.note(notes);
    } finally {
      await records.close();
    }
  }
  return sorted(outcomes, options);
}

interface Copy {
  readonly outcome: LetterOutcome;
  /** Null when there is none. */
  readonly bytes: Uint8Array | null;
}

async function copyOf(
  letter: DeadLetterInfo,
  fixer: Fixer,
  read: (bytes: Uint8Array) => Promise<ReadRecord>,
): Promise<Copy> {
  const outcome = { id: letter.id, stream: letter.stream };
  try {
    const bytes = await fixer.fix(letter);
    if (bytes === null) {
      return { outcome: { ...outcome, event: null, problem: 'left as it is' }, bytes };
    }
    const event = Buffer.from(bytes).toString();
    const result = await read(Uint8Array.from(bytes));
    if ('row' in result) return { outcome: { ...outcome, event, problem: null }, bytes };
    const problem = `the stream would refuse the copy: ${result.problem}`;
    return { outcome: { ...outcome, event, problem }, bytes: null };
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'MR_USAGE') throw error;
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: { ...outcome, event: null, problem }, bytes: null };
  }
}

async function replay(
  project: ResolvedProject,
  options: ReplayLettersOptions,
): Promise<LetterOutcomes> {
  if (project.variant !== null) {
    throw new MillraceError('MR_USAGE', 'a second job has no dead letters to replay', {
      fix: 'leave --as out: its letters are those of the same stream',
    });
  }
  const outcomes: LetterOutcome[] = [];
  for (const stream of streamsMeant(project, options.stream)) {
    outcomes.push(...(await replayStream(project, stream, options)));
  }
  checkFound(options.ids, outcomes);
  return sorted(outcomes, options);
}

function checkFound(ids: readonly string[] | undefined, outcomes: readonly LetterOutcome[]): void {
  checkIds(ids, outcomes as unknown as readonly DeadLetterInfo[]);
}

/** Letters are read after the stream's records were opened for writing: nobody else replays meanwhile. */
async function replayStream(
  project: ResolvedProject,
  stream: string,
  options: ReplayLettersOptions,
): Promise<readonly LetterOutcome[]> {
  const mode = options.dryRun === true ? 'read' : 'write';
  const records = await openSetAside(project, stream, mode);
  try {
    const isMeant = letterTest(options);
    const letters: DeadLetterInfo[] = [];
    for await (const letter of storedLetters(stream, records)) {
      // Of all, those that went back before are not meant; a letter that is named is refused aloud.
      const isDone = letter.state === 'replayed' && options.ids === undefined;
      if (isMeant(letter) && (!isDone || options.force === true)) letters.push(letter);
    }
    checkUnique(options.ids, letters);
    const judge = replayJudge(project, stream, options.force === true);
    const judged = [];
    for (const letter of letters) judged.push({ letter, problem: await judge(letter) });
    const going = judged.filter(({ problem }) => problem === null);
    const at = formatInstant(systemClock.nowMs());
    if (mode === 'write') await records.replay(going.map(({ letter }) => replayOf(letter, at)));
    return judged.map(({ letter: { id, event, fixed_event }, problem }) => {
      return { id, stream, event: fixed_event ?? event, problem };
    });
  } finally {
    await records.close();
  }
}

/** An id that begins several letters replays none of them. */
function checkUnique(ids: readonly string[] | undefined, letters: readonly DeadLetterInfo[]): void {
  const several = ids?.filter((id) => letters.filter((l) => l.id.startsWith(id)).length > 1);
  if (several !== undefined && several.length > 0) checkIds(several, letters);
}

/** Why a letter may not go back; null when it may. */
function replayJudge(
  project: ResolvedProject,
  stream: string,
  isForced: boolean,
): (letter: DeadLetterInfo) => Promise<string | null> {
  const read = recordReader(project, stream);
  const { uid } = streamNode(project, stream);
  const places = new Set<string>();
  return async (letter) => {
    const place = [letter.topic, letter.partition, letter.offset].join('\0');
    if (places.has(place)) return 'its record goes back already, for another of its letters';
    if (!isForced) {
      if (letter.replayed_at !== null) {
        return `it was replayed at ${letter.replayed_at}: it would count twice`;
      }
      if (letter.operator_uid !== uid) {
        return `only "${letter.operator_uid}" refused it: other views of the stream would count it twice`;
      }
      const bytes = Buffer.from(letter.fixed_event_base64 ?? letter.event_base64, 'base64');
      const result = await read(bytes);
      if ('problem' in result) return `it would fail again: ${result.problem}`;
    }
    places.add(place);
    return null;
  };
}

function replayOf(letter: DeadLetterInfo, at: string): ReplayRecord {
  const utf8 = new TextEncoder();
  const attempt = letter.attempt + 1;
  const kept = Object.entries(letter.headers).filter(
    ([name]) => name !== replayOfHeader && name !== attemptHeader,
  );
  const headers: [string, Uint8Array | null][] = kept.map(([name, value]) => [
    name,
    value === null ? null : utf8.encode(value),
  ]);
  headers.push([replayOfHeader, utf8.encode(letter.id)]);
  headers.push([attemptHeader, utf8.encode(String(attempt))]);
  const timestampMs = letter.timestamp === null ? null : Date.parse(letter.timestamp);
  return {
    id: letter.id,
    at,
    attempt,
    value: Buffer.from(letter.fixed_event_base64 ?? letter.event_base64, 'base64'),
    key: letter.key_base64 === null ? null : Buffer.from(letter.key_base64, 'base64'),
    partition: typeof letter.partition === 'number' ? letter.partition : null,
    timestampMs,
    headers,
  };
}

function sorted(
  outcomes: readonly LetterOutcome[],
  { dryRun = false }: FixOptions,
): LetterOutcomes {
  return {
    done: outcomes.filter(({ problem }) => problem === null),
    refused: outcomes.filter(({ problem }) => problem !== null),
    dry_run: dryRun,
  };
}
