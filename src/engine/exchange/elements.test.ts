import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../columns/batch.ts';
import type { Column } from '../../columns/column.ts';
import { columnForField, ensureRows } from '../../columns/column-builder.ts';
import { putValue } from '../../columns/put-value.ts';
import { readRow } from '../../columns/read-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import type { StreamNode } from '../../plan/plan.ts';
import { BlockReader } from './block-reader.ts';
import {
  ElementReader,
  ElementWriter,
  elementKinds,
  messagePayload,
  numberPayload,
} from './elements.ts';
import { createRing } from './ring.ts';
import { RowsReader, RowsWriter } from './rows-element.ts';
import { VectorsReader, VectorsWriter, viewOfVectors } from './vectors-element.ts';

const types: readonly FieldType[] = [
  { kind: 'float64' },
  { kind: 'int32' },
  { kind: 'int64' },
  { kind: 'bool' },
  { kind: 'string' },
  { kind: 'bytes' },
  { kind: 'timestamp' },
  { kind: 'date' },
  { kind: 'decimal', precision: 10, scale: 2 },
  { kind: 'decimal', precision: 30, scale: 3 },
  { kind: 'list', item: { kind: 'string' } },
  { kind: 'map', value: { kind: 'int64' } },
];
const fields: readonly Field[] = types.flatMap((type, i) => [
  { name: `f${i}`, type, nullable: false },
  { name: `n${i}`, type, nullable: true },
]);

describe('rows as elements', () => {
  it.each([1, 2, 3, 4])('reach their subtask as they were (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const stream = { name: 's', fields } as unknown as StreamNode;
    const routes = [
      { key: [], views: [0], usedFields: fields.map((_, i) => i) },
      { key: [], views: [1], usedFields: [] },
    ];
    const given = { stream, routes };
    const { writer, reader } = exchange(1 << 16);
    const rows = new RowsWriter(3, given);
    const readers = [0, 1, 2].map((subtask) =>
      routes.map((_, route) => new RowsReader(given, route, subtask)),
    );
    for (let turn = 0; turn < 20; turn++) {
      const batch = randomBatch(random, 1 + Math.floor(random.next() * 300));
      const owners = routes.map(() =>
        Uint8Array.from({ length: batch.rowCount }, () => Math.floor(random.next() * 3)),
      );
      rows.begin(batch, owners);
      for (let from = 0; from < batch.rowCount; ) {
        const to = rows.take(from, { rowsMax: 100, bytesMax: 12_000 });
        expect(writer.tryWrite(elementKinds.rows, rows)).toBe(true);
        const block = next(reader);
        expect(block.head[0]).toBe(3);
        for (const [subtask, ofRoutes] of readers.entries()) {
          for (const [route, rowsReader] of ofRoutes.entries()) {
            const isOwn = (row: number): boolean => owners[route]?.[row] === subtask;
            const expected = range(from, to)
              .filter(isOwn)
              .map((row) => contentOf(batch, row));
            const read = rowsReader.read(block);
            const found =
              read === null ? [] : range(0, read.rowCount).map((row) => contentOf(read, row));
            expect(found).toEqual(expected);
          }
        }
        reader.release();
        from = to;
      }
    }
  });

  it('of which one is larger than the ring come through too', () => {
    const { writer, reader } = exchange(1 << 12);
    const field: Field = { name: 'text', type: { kind: 'string' }, nullable: false };
    const given = {
      stream: { name: 's', fields: [field] } as unknown as StreamNode,
      routes: [{ key: [], views: [0], usedFields: [0] }],
    };
    const rows = new RowsWriter(0, given);
    const sizes = [10, 100_000, 20, 5000];
    const batch = batchOf(
      [field],
      sizes.map((size, i) => [String(i).repeat(size)]),
    );
    rows.begin(batch, [new Uint8Array(sizes.length)]);
    const own = new RowsReader(given, 0, 0);
    const found: unknown[] = [];
    for (let from = 0; from < sizes.length; ) {
      from = rows.take(from, { rowsMax: 100, bytesMax: writer.payloadBytesMax });
      writer.write(elementKinds.rows, rows);
    }
    while (reader.next()) {
      const block = new BlockReader();
      block.open(reader.buffer, reader.start);
      const read = own.read(block) as Batch;
      for (let row = 0; row < read.rowCount; row++) found.push(contentOf(read, row));
      reader.release();
      writer.flush();
    }
    expect(writer.isFull).toBe(false);
    expect(found).toEqual(range(0, sizes.length).map((row) => contentOf(batch, row)));
  });
});

describe('other elements', () => {
  it('wait, in order, until there is room', () => {
    const { writer, reader } = exchange(256);
    for (let i = 0; i < 50; i++) writer.write(elementKinds.watermark, numberPayload(i, i % 3));
    expect(writer.isFull).toBe(true);
    const found: [number, number][] = [];
    while (reader.next()) {
      found.push([reader.value, reader.stream]);
      reader.release();
      writer.flush();
    }
    expect(found).toEqual(range(0, 50).map((i) => [i, i % 3]));
  });

  it('carry structured values of any size', () => {
    const { writer, reader } = exchange(1 << 12);
    for (const size of [1, 100, 10_000]) {
      const value = {
        bytes: new Uint8Array(size).fill(7),
        big: 1n << 62n,
        text: 'ä',
        nan: Number.NaN,
      };
      writer.write(elementKinds.message, messagePayload(value));
      expect(reader.next()).toBe(true);
      expect(reader.message).toEqual(value);
      reader.release();
    }
  });

  it('give vectors back as they were, bit by bit', () => {
    const random = seededRandom(5);
    const { writer, reader } = exchange(1 << 20);
    const vectors = new VectorsWriter();
    const own = new VectorsReader('v', fields);
    const batch = randomBatch(random, 500);
    const keyData = Uint8Array.from({ length: 40_000 }, (_, i) => i & 255);
    const keyStarts = Int32Array.from({ length: 500 }, () => Math.floor(random.next() * 39_000));
    const given: VectorBatch = {
      view: 'v',
      rowCount: 500,
      keyData,
      keyStarts,
      keyEnds: keyStarts.map((start) => start + 12),
      keySlots: Int32Array.from({ length: 500 }, (_, i) => i * 3),
      eventTimeMs: batch.eventTimeMs,
      asOfMs: batch.watermarkMs,
      seq: batch.offsets,
      arrivalTimeMs: batch.arrivalTimeMs,
      fields,
      columns: batch.columns,
    };
    vectors.begin(4, given);
    for (let from = 0; from < 500; ) {
      const to = vectors.take(from, { rowsMax: 200, bytesMax: 1 << 18 });
      writer.write(elementKinds.vectors, vectors);
      const block = next(reader);
      expect(viewOfVectors(block)).toBe(4);
      const read = own.read(block);
      expect(range(0, to - from).map((row) => vectorOf(read, row))).toEqual(
        range(from, to).map((row) => vectorOf(given, row)),
      );
      reader.release();
      from = to;
    }
  });
});

function exchange(bytes: number): { writer: ElementWriter; reader: ElementReader } {
  const memory = createRing(bytes);
  const { port1, port2 } = new MessageChannel();
  return {
    writer: new ElementWriter(memory, [port1], () => {}),
    reader: new ElementReader(memory, port2),
  };
}

function next(reader: ElementReader): BlockReader {
  expect(reader.next()).toBe(true);
  const block = new BlockReader();
  block.open(reader.buffer, reader.start);
  return block;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function contentOf(batch: Batch, row: number): unknown {
  const { eventTimeMs, arrivalTimeMs, watermarkMs, offsets } = batch;
  return {
    times: [eventTimeMs[row], arrivalTimeMs[row], watermarkMs[row], offsets[row]],
    row: readRow(batch.columns, batch.fields, row),
  };
}

function vectorOf(batch: VectorBatch, row: number): unknown {
  const { keyData, keyStarts, keyEnds, keySlots, eventTimeMs, asOfMs, seq, arrivalTimeMs } = batch;
  return {
    key: [...keyData.subarray(keyStarts[row], keyEnds[row])],
    numbers: [keySlots[row], eventTimeMs[row], asOfMs[row], seq[row], arrivalTimeMs[row]],
    row: readRow(batch.columns, batch.fields, row),
  };
}

function randomBatch(random: Random, rowCount: number): Batch {
  const rows = range(0, rowCount).map(() =>
    fields.map(({ type, nullable }) =>
      nullable && random.next() < 0.4 ? null : randomValue(random, type),
    ),
  );
  return batchOf(fields, rows);
}

function batchOf(of: readonly Field[], rows: readonly (readonly Value[])[]): Batch {
  const columns = of.map((field, k): Column => {
    const builder = columnForField(field);
    ensureRows(builder, rows.length);
    for (const [row, values] of rows.entries())
      putValue(builder, field.type, row, values[k] as Value);
    return builder;
  });
  const times = (base: number): Float64Array => Float64Array.from(rows, (_, i) => base + i * 0.5);
  return {
    fields: of,
    columns,
    rowCount: rows.length,
    offsets: times(0),
    eventTimeMs: times(1e12),
    arrivalTimeMs: times(2e12),
    watermarkMs: times(Number.NEGATIVE_INFINITY),
    split: 0,
  };
}

function randomValue(random: Random, type: FieldType): Value {
  const below = (limit: number): number => Math.floor(random.next() * limit);
  switch (type.kind) {
    case 'int32':
      return below(1000) - 500;
    case 'int64':
      return BigInt(below(2 ** 40)) - (1n << 45n);
    case 'bool':
      return random.next() < 0.5;
    case 'string':
      return 'äb'.repeat(below(12));
    case 'bytes':
      return Uint8Array.from({ length: below(20) }, () => below(256));
    case 'date':
      return `2026-0${1 + below(9)}-1${below(10)}`;
    case 'decimal':
      return `${below(1000)}.${'5'.repeat(type.scale)}`;
    case 'list':
      return range(0, below(4)).map(() => randomValue(random, type.item));
    case 'map':
      return { a: randomValue(random, type.value), __proto: null };
    default:
      return [0, -0, Number.NaN, random.next()][below(4)] as number;
  }
}
