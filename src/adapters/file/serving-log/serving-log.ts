// A sample of what a server answered, as lines of JSON files: the values as they were sent, the version
// of the row and what *now* was. Rows are copied while the answer is made and written later; when more
// wait than fit, they are counted and dropped, for a server never waits for its log. Oldest files go.
import { appendFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonBuffer } from '../../../columns/json-buffer.ts';
import { type RowJsonWriter, createRowJsonWriter } from '../../../columns/packed-row-json.ts';
import { asOfMsOf, eventTimeMsOf, seqOf, viewOfBytes } from '../../../columns/packed-row.ts';
import { toJsonValue } from '../../../columns/read-value.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { decodeKey } from '../../../kernel/key-encoding.ts';
import type { Random } from '../../../kernel/random.ts';
import type { Field } from '../../../kernel/types/field-type.ts';

export interface ServingLogFileOptions {
  readonly directory: string;
  /** Share of rows that are logged: above 0, at most 1. */
  readonly rate: number;
  /** Of all files together. */
  readonly bytesMax: number;
  /** Names the definitions that rows are served by, in each line. */
  readonly definition: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told once that rows cannot be written. */
  readonly report: (message: string) => void;
}

/** Rows of one view as they were given to a reader. */
export interface RowsToLog {
  readonly view: {
    readonly name: string;
    readonly key: readonly Field[];
    readonly fields: readonly Field[];
  };
  readonly keys: readonly Uint8Array[];
  readonly rows: readonly (Uint8Array | null)[];
  /** Places of the features that were sent. */
  readonly features: readonly number[];
  readonly nowMs: number;
  readonly requestId: string | null;
}

/** How file names begin. */
const filePrefix = 'served-';

const flushMs = 500;
/** Bytes of rows that may wait to be written; more are dropped. */
const waitingBytesMax = 8 * 2 ** 20;
/** Files of which the greatest allowed size is made up: the oldest is removed as a whole. */
const filesMax = 8;

interface WaitingRow {
  readonly timeMs: number;
  readonly served: Pick<RowsToLog, 'view' | 'features' | 'nowMs' | 'requestId'>;
  readonly key: Uint8Array;
  readonly row: Uint8Array | null;
}

export class ServingLog {
  /** Rows written, and rows of the sample that were not: nothing may wait for the log. */
  written = 0;
  dropped = 0;
  readonly #options: ServingLogFileOptions;
  readonly #writers = new Map<string, RowJsonWriter>();
  readonly #over = new AbortController();
  readonly #buffer = new JsonBuffer(64 * 1024);
  #waiting: WaitingRow[] = [];
  #waitingBytes = 0;
  /** Rows until the next of the sample. */
  #gap: number;
  #flushing: Promise<void> | null = null;
  #file: { readonly path: string; bytes: number } | null = null;
  #files = 0;
  #hasFailed = false;

  constructor(options: ServingLogFileOptions) {
    this.#options = options;
    this.#gap = this.#nextGap();
  }

  /** Takes the rows of the sample; quick, never throws, keeps nothing that it was given. */
  record(served: RowsToLog): void {
    const { rows, keys } = served;
    let at = this.#gap;
    while (at < rows.length) {
      this.#take(served, keys[at] as Uint8Array, rows[at] ?? null);
      at += 1 + this.#nextGap();
    }
    this.#gap = at - rows.length;
  }

  /** Writes what waits, then ends. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#flushing;
    await this.#flush();
  }

  #nextGap(): number {
    const { rate, random } = this.#options;
    return rate >= 1 ? 0 : Math.floor(Math.log(1 - random.next()) / Math.log(1 - rate));
  }

  #take({ view, features, nowMs, requestId }: RowsToLog, key: Uint8Array, row: Uint8Array | null) {
    const bytes = 64 + key.length + (row?.length ?? 0);
    if (this.#waitingBytes + bytes > waitingBytesMax) {
      this.dropped++;
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push({
      timeMs: this.#options.clock.nowMs(),
      served: { view, features, nowMs, requestId },
      key: new Uint8Array(key),
      row: row === null ? null : new Uint8Array(row),
    });
    this.#flushing ??= this.#flushSoon();
  }

  async #flushSoon(): Promise<void> {
    await this.#options.clock.sleep(flushMs, this.#over.signal);
    await this.#flush();
    this.#flushing = null;
    if (this.#waiting.length > 0) this.#flushing = this.#flushSoon();
  }

  async #flush(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      await this.#write(rows);
      this.written += rows.length;
    } catch (error) {
      this.dropped += rows.length;
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      const why = error instanceof Error ? error.message : String(error);
      this.#options.report(`the serving log cannot be written: ${why}`);
    }
  }

  async #write(rows: readonly WaitingRow[]): Promise<void> {
    const target = this.#buffer;
    target.length = 0;
    for (const row of rows) this.#line(target, row);
    const file = (this.#file ??= await this.#newFile(rows[0]?.timeMs ?? 0));
    await appendFile(file.path, target.bytes.subarray(0, target.length));
    file.bytes += target.length;
    if (file.bytes >= this.#options.bytesMax / filesMax) this.#file = null;
  }

  async #newFile(timeMs: number): Promise<{ readonly path: string; bytes: number }> {
    const { directory, bytesMax } = this.#options;
    await mkdir(directory, { recursive: true });
    await removeOldest(directory, bytesMax - bytesMax / filesMax);
    const time = new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '');
    const number = String(this.#files++).padStart(6, '0');
    const name = `${filePrefix}${time}-${process.pid}-${number}.jsonl`;
    return { path: join(directory, name), bytes: 0 };
  }

  #line(target: JsonBuffer, { timeMs, served, key, row }: WaitingRow): void {
    const { view, features, nowMs, requestId } = served;
    target.ascii(`{"time_ms":${timeMs},"now_ms":${nowMs},"request":`);
    if (requestId === null) target.ascii('null');
    else target.string(requestId);
    target.ascii(',"view":');
    target.string(view.name);
    target.ascii(`,"definition":"${this.#options.definition}","key":`);
    const keyText = Buffer.from(JSON.stringify(toJsonValue(decodeKey(view.key, key))));
    target.raw(keyText, 0, keyText.length);
    const version =
      row === null
        ? '"as_of_ms":null,"seq":null,"event_time_ms":null'
        : `"as_of_ms":${asOfMsOf(row)},"seq":${seqOf(row)},"event_time_ms":${eventTimeMsOf(row)}`;
    target.ascii(`,${version},"features":{`);
    this.#values(target, view, features, row);
    target.ascii('}}\n');
  }

  #values(
    target: JsonBuffer,
    view: RowsToLog['view'],
    features: readonly number[],
    row: Uint8Array | null,
  ): void {
    const writer = this.#writers.get(view.name) ?? createRowJsonWriter(view.fields, 'milliseconds');
    this.#writers.set(view.name, writer);
    const bytes = row === null ? null : viewOfBytes(row);
    for (const [i, feature] of features.entries()) {
      if (i > 0) target.byte(44);
      target.string(view.fields[feature]?.name ?? '');
      target.byte(58);
      if (row === null || bytes === null) target.ascii('null');
      else writer.write(target, row, bytes, feature);
    }
  }
}

/** Paths of the files of a serving log, the oldest first; none where there is no log. */
export async function servingLogFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.startsWith(filePrefix) && name.endsWith('.jsonl'))
    .toSorted()
    .map((name) => join(directory, name));
}

async function removeOldest(directory: string, bytesMax: number): Promise<void> {
  const paths = await servingLogFiles(directory);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  for (const [i, path] of paths.entries()) {
    if (total <= bytesMax) return;
    await rm(path, { force: true });
    total -= sizes[i] ?? 0;
  }
}
