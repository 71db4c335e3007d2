// Records set aside in files of one folder, and the file through which records go back into a
// stream. The replay file is its own note: a record stands in it exactly when it was replayed.
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type {
  ReplayNote,
  ReplayRecord,
  SetAsideContext,
  SetAsideNote,
  SetAsideRecords,
} from '../../ports/set-aside.ts';
import { deadLetterPath } from './dead-letter-file.ts';
import { fileError } from './file-errors.ts';
import { lateRecordPath } from './late-record-file.ts';
import { LineFile } from './line-file.ts';

/**
 * Records set aside in a folder: `<stream>.dlq.jsonl`, `<view>.late.jsonl`, notes in
 * `<stream>.notes.jsonl`, and `<stream>.replay.jsonl`, which every run reads beside the stream's own
 * files. **Guarantee**: what was set aside is only read; notes and replays are durable when they
 * resolve. **Errors**: MR_FILE_ACCESS, MR_DEAD_LETTERS_IN_USE.
 */
export async function openSetAsideFiles(context: SetAsideContext): Promise<SetAsideRecords> {
  const { stream, directory, views, mode } = context;
  const notesPath = join(directory, `${stream}.notes.jsonl`);
  const replays = replayPath(directory, stream);
  const lock = mode === 'write' ? await takeLock(directory, stream) : null;
  return {
    description: directory,
    deadLetters: () => linesOf<JsonValue>(deadLetterPath(directory, stream)),
    async *lateRecords() {
      for (const view of views) yield* linesOf<JsonValue>(lateRecordPath(directory, view));
    },
    async *notes() {
      yield* linesOf<SetAsideNote>(notesPath);
      for await (const line of linesOf<ReplayLine>(replays)) yield noteOf(line);
    },
    note: (notes) => append(notesPath, notes),
    replay: (records) => append(replays, records.map(replayLine)),
    close: async () => {
      if (lock !== null) await rm(lock, { force: true });
    },
  };
}

/** Where records wait that go back into a stream. */
export function replayPath(directory: string, stream: string): string {
  return join(directory, `${stream}.replay.jsonl`);
}

/** A line of a replay file. */
export interface ReplayLine {
  readonly replay_of: string;
  readonly replayed_at: string;
  readonly attempt: number;
  readonly event_base64: string;
}

function replayLine({ id, at, attempt, value }: ReplayRecord): ReplayLine {
  const event_base64 = Buffer.from(value).toString('base64');
  return { replay_of: id, replayed_at: at, attempt, event_base64 };
}

function noteOf({ replay_of, replayed_at, attempt, event_base64 }: ReplayLine): ReplayNote {
  return { kind: 'replay', id: replay_of, at: replayed_at, attempt, event_base64 };
}

async function append(path: string, values: readonly object[]): Promise<void> {
  if (values.length === 0) return;
  const file = new LineFile(path);
  await file.append(values.map((value) => JSON.stringify(value)));
  await file.close();
}

/** Whole lines as JSON; a last line that is cut short, or a file that is not there, is nothing. */
async function* linesOf<T>(path: string): AsyncGenerator<T> {
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const value = parsed<T>(line);
      if (value !== undefined) yield value;
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw fileError(path, error);
  } finally {
    input.destroy();
  }
}

function parsed<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}

async function takeLock(directory: string, stream: string): Promise<string> {
  const path = join(directory, `${stream}.notes.lock`);
  try {
    await mkdir(directory, { recursive: true });
    for (;;) {
      const handle = await open(path, 'wx').catch(() => null);
      if (handle !== null) {
        await handle.writeFile(String(process.pid));
        await handle.close();
        return path;
      }
      const owner = Number(await readFile(path, 'utf8').catch(() => ''));
      if (owner > 0 && isAlive(owner)) throw inUse(path, owner);
      await rm(path, { force: true });
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function inUse(path: string, pid: number): MillraceError {
  const message = `process ${pid} works on these dead letters`;
  return new MillraceError('MR_DEAD_LETTERS_IN_USE', message, {
    context: { path },
    fix: 'wait until it is done, then look again with millrace dlq ls',
  });
}
