// A dead letter as it lies in a file or topic, read back, and what was done about it. Its id comes
// from where the record was and who refused it, so a letter that was written twice is one letter.
import { createHash } from 'node:crypto';
import type { JsonValue } from '../../kernel/json-value.ts';
import { type SetAsideRecords, replayOfHeader } from '../../ports/set-aside.ts';

export type LetterState = 'open' | 'fixed' | 'replayed';

/** A dead letter as `dlq ls` and `dlq show` give it. */
export interface DeadLetterInfo {
  /** Twelve hex digits; the first few name it where no other begins alike. */
  readonly id: string;
  readonly stream: string;
  /** `open`: nothing was done; `fixed`: there is an edited copy; `replayed`: it went back. */
  readonly state: LetterState;
  readonly code: string;
  readonly category: string;
  readonly message: string;
  /** Who refused it: the stream, or one of its views. */
  readonly operator_uid: string;
  readonly failed_at: string;
  readonly pipeline: string;
  readonly pipeline_version: string;
  readonly attempt: number;
  readonly topic: string;
  readonly partition: string | number;
  readonly offset: number | string;
  readonly key_base64: string | null;
  readonly timestamp: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
  /** The letter that this one's record was replayed from. */
  readonly replay_of: string | null;
  /** The record as text; null when it is not UTF-8. */
  readonly event: string | null;
  readonly event_base64: string;
  /** The edited copy. */
  readonly fixed_event: string | null;
  readonly fixed_event_base64: string | null;
  readonly fixed_by: string | null;
  readonly replayed_at: string | null;
}

/** What notes say of a letter. */
export interface LetterNotes {
  readonly fix: { readonly event_base64: string; readonly by: string } | null;
  readonly replayedAt: string | null;
}

const none: LetterNotes = { fix: null, replayedAt: null };

/** Letters of a stream, oldest first, each once. */
export async function* storedLetters(
  stream: string,
  records: SetAsideRecords,
): AsyncGenerator<DeadLetterInfo> {
  const notes = await letterNotes(records);
  const seen = new Set<string>();
  for await (const record of records.deadLetters()) {
    const letter = letterOf(stream, record);
    if (letter === null || seen.has(letter.id)) continue;
    seen.add(letter.id);
    yield withNotes(letter, notes.get(letter.id) ?? none);
  }
}

async function letterNotes(records: SetAsideRecords): Promise<ReadonlyMap<string, LetterNotes>> {
  const notes = new Map<string, LetterNotes>();
  for await (const note of records.notes()) {
    const before = notes.get(note.id) ?? none;
    if (note.kind === 'fix') notes.set(note.id, { ...before, fix: note });
    if (note.kind === 'replay') notes.set(note.id, { ...before, replayedAt: note.at });
  }
  return notes;
}

interface LetterRecord {
  readonly dlq_metadata: {
    readonly error_code: string;
    readonly error_message: string;
    readonly error_category: string;
    readonly pipeline: string;
    readonly pipeline_version: string;
    readonly operator_uid: string;
    readonly dlq_timestamp: string;
    readonly attempt: number;
    readonly source: {
      readonly topic: string;
      readonly partition: string | number;
      readonly offset: number | string;
      readonly key_base64: string | null;
      readonly timestamp: string | null;
      readonly headers: Readonly<Record<string, string | null>>;
    };
  };
  readonly original_event_base64: string;
  readonly original_event_string: string | null;
}

type Unnoted = Omit<
  DeadLetterInfo,
  'state' | 'fixed_event' | 'fixed_event_base64' | 'fixed_by' | 'replayed_at'
>;

/** Null for what is no dead letter: somebody else may write to the topic. */
function letterOf(stream: string, value: JsonValue): Unnoted | null {
  const record = value as unknown as Partial<LetterRecord> | null;
  const metadata = record?.dlq_metadata;
  const event = record?.original_event_base64;
  if (metadata?.source === undefined || typeof event !== 'string') return null;
  const { topic, partition, offset, key_base64, timestamp, headers } = metadata.source;
  return {
    id: letterId(stream, [topic, partition, offset, metadata.operator_uid]),
    stream,
    code: metadata.error_code,
    category: metadata.error_category,
    message: metadata.error_message,
    operator_uid: metadata.operator_uid,
    failed_at: metadata.dlq_timestamp,
    pipeline: metadata.pipeline,
    pipeline_version: metadata.pipeline_version,
    attempt: metadata.attempt,
    topic,
    partition,
    offset,
    key_base64,
    timestamp,
    headers: headers ?? {},
    replay_of: headers?.[replayOfHeader] ?? null,
    event: record?.original_event_string ?? null,
    event_base64: event,
  };
}

function letterId(stream: string, place: readonly (string | number)[]): string {
  const hash = createHash('sha256').update([stream, ...place].join('\0'));
  return hash.digest('hex').slice(0, 12);
}

function withNotes(letter: Unnoted, { fix, replayedAt }: LetterNotes): DeadLetterInfo {
  const state = replayedAt !== null ? 'replayed' : fix !== null ? 'fixed' : 'open';
  return {
    ...letter,
    state,
    fixed_event: fix === null ? null : textOf(fix.event_base64),
    fixed_event_base64: fix?.event_base64 ?? null,
    fixed_by: fix?.by ?? null,
    replayed_at: replayedAt,
  };
}

/** Null when the bytes are not UTF-8. */
function textOf(base64: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(base64, 'base64'),
    );
  } catch {
    return null;
  }
}
