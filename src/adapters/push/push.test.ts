import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formats } from '../../app/formats.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { PushWriter } from '../../ports/push.ts';
import type { SourceContext, SourceSplit } from '../../ports/source.ts';
import { readRow } from '../../columns/read-value.ts';
import { push, type PushOptions } from './push.ts';

const hour = 3_600_000;
let folder: string;
let nowMs: number;
const clock: Clock = { ...systemClock, nowMs: () => nowMs };
const fields = [
  { name: 'user', type: { kind: 'string' }, nullable: false },
  { name: 'n', type: { kind: 'int64' }, nullable: false },
] as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-push-'));
  nowMs = Date.UTC(2026, 0, 1);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const logFolder = (): string => join(folder, 'log', 'clicks');
const segments = (): readonly string[] =>
  readdirSync(logFolder()).filter((name) => name.endsWith('.push'));

const binding = (options: PushOptions = {}) => push({ directory: './log', ...options });

async function writerOf(options?: PushOptions): Promise<PushWriter> {
  const context = { stream: 'clicks', baseDirectory: folder, clock };
  const writer = await binding(options).openPush?.(context);
  if (writer === undefined) throw new Error('no writer');
  return writer;
}

async function splitOf(start?: JsonValue, options?: PushOptions): Promise<SourceSplit> {
  return openSplit(binding(options), start);
}

async function openSplit(
  source: { open(context: SourceContext): Promise<readonly SourceSplit[]> },
  start?: JsonValue,
): Promise<SourceSplit> {
  const [split] = await source.open({
    stream: 'clicks',
    rowType: { fields },
    eventTimeField: 'ts',
    formats,
    clock,
    baseDirectory: folder,
    signal: new AbortController().signal,
    startAt: new Map(start === undefined ? [] : [['push', start]]),
  });
  if (split === undefined) throw new Error('no split');
  return split;
}

const record = (n: number | string) => ({
  json: Buffer.from(JSON.stringify({ user: 'u', n })),
  key: null,
  eventTimeMs: 0,
});

interface Taken {
  readonly rows: readonly number[];
  readonly offsets: readonly number[];
  readonly errors: number;
  readonly position: JsonValue | undefined;
}

/** Reads until there is nothing. */
async function drain(split: SourceSplit, rowCountMax = 1000): Promise<Taken> {
  const rows: number[] = [];
  const offsets: number[] = [];
  let errors = 0;
  let position: JsonValue | undefined;
  for (;;) {
    const read = await split.next(rowCountMax);
    if (read.kind === 'end') return { rows, offsets, errors, position: read.position };
    if (read.kind === 'empty') return { rows, offsets, errors, position };
    expect(read.batch.rowCount + read.errors.length).toBeLessThanOrEqual(rowCountMax);
    for (let row = 0; row < read.batch.rowCount; row++) {
      rows.push(Number(readRow(read.batch.columns, read.batch.fields, row)['n']));
      offsets.push(read.batch.offsets[row] as number);
    }
    errors += read.errors.length;
    position = read.position;
  }
}

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

describe('pushed records', () => {
  it('are read in the order in which they were taken, by numbers that grow', async () => {
    const writer = await writerOf();
    await Promise.all(upTo(50).map((n) => writer.append([record(n)])));
    await writer.append(upTo(50).map((n) => record(n + 50)));
    const split = await splitOf();
    const { rows, offsets } = await drain(split, 7);
    expect(rows).toEqual(upTo(100));
    expect(offsets).toEqual(upTo(100));
    await writer.append([record(100)]);
    expect((await drain(split)).rows).toEqual([100]);
    await split.close();
    await writer.close();
  });

  it('go on where a checkpoint says, within a write too', async () => {
    const writer = await writerOf();
    await writer.append(upTo(10).map(record));
    const first = await splitOf();
    const read = await first.next(4);
    await first.close();
    if (read.kind !== 'rows') throw new Error('no rows');
    const saved = JSON.parse(JSON.stringify(read.position)) as JsonValue;
    const second = await splitOf(saved);
    expect(await drain(second)).toMatchObject({
      rows: [4, 5, 6, 7, 8, 9],
      offsets: [4, 5, 6, 7, 8, 9],
    });
    await second.close();
    await writer.close();
  });

  it('come from several processes, in the order of time', async () => {
    const [a, b] = [await writerOf(), await writerOf()];
    for (const n of upTo(6)) {
      nowMs += 1;
      await (n % 2 === 0 ? a : b).append([record(n)]);
    }
    expect(segments()).toHaveLength(2);
    const split = await splitOf();
    expect((await drain(split)).rows).toEqual(upTo(6));
    nowMs += 1;
    const c = await writerOf();
    await c.append([record(6)]);
    await systemClock.sleep(120);
    expect((await drain(split)).rows).toEqual([6]);
    await split.close();
    await Promise.all([a, b, c].map((writer) => writer.close()));
  });

  it('that do not fit the stream are errors with their number', async () => {
    const writer = await writerOf();
    await writer.append([record(0), record('x'), record(2)]);
    const split = await splitOf();
    expect(await drain(split)).toMatchObject({ rows: [0, 2], offsets: [0, 2], errors: 1 });
    await split.close();
    await writer.close();
  });

  it('are input that ends as history: what was there when it was opened', async () => {
    const writer = await writerOf();
    await writer.append([record(0)]);
    const { history } = binding();
    if (history === undefined) throw new Error('no history');
    const split = await openSplit(history);
    await writer.append([record(1)]);
    expect((await drain(split)).rows).toEqual([0]);
    await split.close();
    await writer.close();
  });
});

describe('a log that was cut off', () => {
  it('gives what is whole, and what later writers add', async () => {
    const writer = await writerOf();
    await writer.append([record(0)]);
    await writer.append([record(1)]);
    await writer.close();
    const [name = ''] = segments();
    truncateSync(join(logFolder(), name), 52 + 17 + 60);
    const split = await splitOf();
    expect((await drain(split)).rows).toEqual([0]);
    nowMs += 1;
    const next = await writerOf();
    await next.append([record(2)]);
    await systemClock.sleep(120);
    expect((await drain(split)).rows).toEqual([2]);
    await split.close();
    await next.close();
  });

  it('that is damaged in the middle stops the reader, by name', async () => {
    const writer = await writerOf();
    await writer.append([record(0)]);
    await writer.close();
    const [name = ''] = segments();
    const path = join(logFolder(), name);
    const whole = await (await import('node:fs/promises')).readFile(path);
    const damaged = Buffer.from(whole);
    damaged[60] = 0x7a;
    writeFileSync(path, Buffer.concat([damaged, whole]));
    const split = await splitOf();
    await expect(split.next(10)).rejects.toMatchObject({ code: 'MR_PUSH_LOG' });
    await split.close();
  });

  it('with zeros at its end (a machine that lost power) is not damaged', async () => {
    const writer = await writerOf();
    await writer.append([record(0)]);
    await writer.close();
    const [name = ''] = segments();
    appendFileSync(join(logFolder(), name), Buffer.alloc(4096));
    const split = await splitOf();
    expect((await drain(split)).rows).toEqual([0]);
    await split.close();
  });
});

describe('segments', () => {
  it('are begun anew when they are full or an hour old', async () => {
    const writer = await writerOf({ segmentBytes: 200 });
    for (const n of upTo(3)) await writer.append([record(n)]);
    expect(segments()).toHaveLength(2);
    nowMs += hour;
    await writer.append([record(3)]);
    expect(segments()).toHaveLength(3);
    const split = await splitOf();
    expect((await drain(split)).rows).toEqual(upTo(4));
    await split.close();
    await writer.close();
  });

  it('go when every checkpoint is past them and they are old; older positions are refused', async () => {
    const writer = await writerOf({ segmentBytes: 100 });
    await writer.append([record(0)]);
    const split = await splitOf(undefined, { retain: '1d' });
    const { position: early } = await drain(split);
    nowMs += 1;
    await writer.append([record(1)]);
    nowMs += 1;
    await writer.append([record(2)]);
    await systemClock.sleep(120);
    const { position: late } = await drain(split);
    nowMs += 25 * hour;
    split.retained?.([late, undefined]);
    split.retained?.([early, late]);
    await split.close();
    // The first one that `early` is not past, and the one that is not complete, stay.
    expect(segments().length).toBeGreaterThanOrEqual(2);
    const again = await splitOf(late, { retain: '1d' });
    again.retained?.([late]);
    await again.close();
    expect(segments().length).toBe(0);
    await expect(splitOf(early)).rejects.toMatchObject({ code: 'MR_SOURCE_POSITION' });
    const anew = await splitOf(late);
    expect((await drain(anew)).rows).toEqual([]);
    await anew.close();
    await writer.close();
  });

  it('that are not old go early when the log is nearly full', async () => {
    const writer = await writerOf({ segmentBytes: 100 });
    for (const n of upTo(4)) {
      nowMs += 1;
      await writer.append([record(n)]);
    }
    const split = await splitOf(undefined, { bytesMax: 200 });
    const { position } = await drain(split);
    split.retained?.([position]);
    await split.close();
    expect(segments()).toHaveLength(2);
    await writer.close();
  });

  it('are not written above the limit', async () => {
    const writer = await writerOf({ bytesMax: 100 });
    await writer.append([record(0)]);
    await writer.append([record(1)]);
    await expect(writer.append([record(2)])).rejects.toMatchObject({ code: 'MR_PUSH_FULL' });
    await writer.close();
    const split = await splitOf();
    expect((await drain(split)).rows).toEqual([0, 1]);
    await split.close();
  });
});

describe('push(…)', () => {
  it.each([
    [{ retain: 'long' as never }, "write '7d'"],
    [{ bytesMax: 0 }, 'bytes'],
    [{ segmentBytes: 1.5 }, 'bytes'],
    [{ directory: '' }, '.millrace/push'],
    [{ directry: 'x' } as never, 'directory'],
  ])('refuses %j', (options, fix) => {
    expect(() => push(options)).toThrow(
      expect.objectContaining({ code: 'MR_CONFIG_INVALID', fix: expect.stringContaining(fix) }),
    );
  });
});
