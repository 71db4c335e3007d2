// The events of a stream as both sides get them: the engine as decoded rows of splits, Flink as lines of
// JSON in one file, in the same order. JSON stays the bytes that it is, so that each side reads them by
// itself; what is written in another format is read by the engine and written anew.
import { readFile } from 'node:fs/promises';
import { findFiles } from '../../../adapters/file/file-paths.ts';
import { messagesOf, recordDecoder } from '../../../adapters/file/replay-source.ts';
import { readRow } from '../../../columns/read-value.ts';
import { systemClock } from '../../../kernel/clock.ts';
import type { Random } from '../../../kernel/random.ts';
import type { Value } from '../../../kernel/types/field-type.ts';
import type { StreamNode } from '../../../plan/plan.ts';
import type { Source, SourceSplit } from '../../../ports/source.ts';
import type { InstantEncoding } from '../../../flink/flink-tables.ts';
import type { DeliveredRow } from '../../../testing/oracle/delivery.ts';
import { formats } from '../../formats.ts';
import { toJsonText } from '../../json-text.ts';

/** A record as it comes: its line, and its row where it is one. */
export interface ParityRecord {
  readonly split: number;
  readonly line: string;
  /** Null: a dead letter of the engine. */
  readonly row: Readonly<Record<string, Value>> | null;
}

/** The events of one stream in the order in which they arrive. */
export interface ParityEvents {
  readonly stream: StreamNode;
  readonly records: readonly ParityRecord[];
  readonly splitCount: number;
  /** How instants stand in the lines. */
  readonly instants: InstantEncoding;
}

/** What the engine's operators get of them. */
export function deliveredRows({ records }: ParityEvents): readonly DeliveredRow[] {
  return records.flatMap(({ split, row }, offset) =>
    row === null ? [] : [{ split, offset, row, arrivalMs: offset }],
  );
}

/** Lines as records of the stream: what the engine would set aside has no row. */
export function recordsOfLines(
  stream: StreamNode,
  lines: readonly { readonly split: number; readonly line: string }[],
  options: Readonly<Record<string, unknown>>,
): readonly ParityRecord[] {
  const rowType = { fields: stream.fields };
  const decoder = recordDecoder(formats, { format: 'json', options }, rowType);
  const utf8 = new TextEncoder();
  return lines.map(({ split, line }) => {
    const { batch } = decoder.decode(messagesOf([{ bytes: utf8.encode(line), offset: 0 }]));
    const row =
      batch.rowCount === 0 ? null : structuredClone(readRow(batch.columns, batch.fields, 0));
    return { split, line, row: usable(stream, row) };
  });
}

function usable(
  stream: StreamNode,
  row: Readonly<Record<string, Value>> | null,
): Readonly<Record<string, Value>> | null {
  return row === null || row[stream.eventTime.field] == null ? null : row;
}

/** Where the events of a stream lie. */
export interface EventFiles {
  readonly stream: StreamNode;
  readonly source: Source;
  /** Paths and patterns. */
  readonly paths: readonly string[];
  readonly instants: InstantEncoding;
  readonly baseDirectory: string;
  /** Decides in which order several files are read. */
  readonly random: Random;
}

/** All events of files: one file is one split. Errors: those of the files. */
export async function readEvents(files: EventFiles): Promise<ParityEvents> {
  const { stream, source, instants } = files;
  const found = await findFiles(files.paths, files.baseDirectory);
  const paths = found.map(({ path }) => path);
  const isPlain = paths.every((path) => !/\.(gz|zst)$/.test(path));
  const isLines = isPlain && source.records?.format === 'json';
  const splits = isLines ? await linesOf(stream, source, paths) : await rowsOf(files);
  const order = interleaved(
    splits.map(({ length }) => length),
    files.random,
  );
  const at = splits.map(() => 0);
  const records = order.map((split) => {
    const next = splits[split]?.[at[split] ?? 0];
    at[split] = (at[split] ?? 0) + 1;
    if (next === undefined) throw new RangeError('a split is shorter than it was');
    return next;
  });
  return { stream, records, splitCount: splits.length, instants: isLines ? instants : 'ms' };
}

/** Which split is next, each as often as it has records, evenly mixed. */
function interleaved(lengths: readonly number[], random: Random): readonly number[] {
  const left = [...lengths];
  let total = left.reduce((sum, n) => sum + n, 0);
  const order: number[] = [];
  for (; total > 0; total--) {
    let pick = Math.floor(random.next() * total);
    let split = 0;
    while (pick >= (left[split] ?? 0)) {
      pick -= left[split] ?? 0;
      split++;
    }
    left[split] = (left[split] ?? 0) - 1;
    order.push(split);
  }
  return order;
}

async function linesOf(
  stream: StreamNode,
  source: Source,
  paths: readonly string[],
): Promise<readonly (readonly ParityRecord[])[]> {
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  return texts.map((text, split) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const numbered = lines.map((line) => ({ split, line }));
    return recordsOfLines(stream, numbered, source.records?.options ?? {});
  });
}

async function rowsOf({
  stream,
  source,
  baseDirectory,
}: EventFiles): Promise<readonly (readonly ParityRecord[])[]> {
  const splits = await source.open({
    stream: stream.name,
    rowType: { fields: stream.fields },
    eventTimeField: stream.eventTime.field,
    formats,
    clock: systemClock,
    baseDirectory,
    signal: new AbortController().signal,
    startAt: new Map(),
  });
  try {
    return await Promise.all(splits.map((split, n) => rowsOfSplit(stream, split, n)));
  } finally {
    for (const split of splits) await split.close();
  }
}

const rowsPerRead = 1000;

async function rowsOfSplit(
  stream: StreamNode,
  split: SourceSplit,
  number: number,
): Promise<readonly ParityRecord[]> {
  const records: ParityRecord[] = [];
  for (;;) {
    const read = await split.next(rowsPerRead);
    if (read.kind === 'end') return records;
    if (read.kind === 'empty') continue;
    const { batch } = read;
    for (let i = 0; i < batch.rowCount; i++) {
      const row = usable(stream, structuredClone(readRow(batch.columns, batch.fields, i)));
      if (row !== null) records.push({ split: number, line: lineOf(stream, row), row });
    }
  }
}

/** A row as JSON that both sides read as it is; instants in milliseconds. */
export function lineOf(stream: StreamNode, row: Readonly<Record<string, Value>>): string {
  return toJsonText(Object.fromEntries(stream.fields.map(({ name }) => [name, row[name] ?? null])));
}
