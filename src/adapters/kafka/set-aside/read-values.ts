// The values of a topic's committed records as they are, from the first to the last that is there when
// reading begins. A topic that does not exist has none.
import { columnForField, type ColumnBuilder } from '../../../columns/column-builder.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { MessageFormat, MessageInput } from '../../../ports/format.ts';
import type { SourceSplit } from '../../../ports/source.ts';
import type { KafkaAccess } from '../client/kafka-access.ts';
import { openTopic } from '../source/open-topic.ts';

const value: Field = { name: 'value', type: { kind: 'bytes' }, nullable: true };
const rowsPerRead = 4096;

/** Partition by partition; the bytes are copies. */
export async function* readValues(access: KafkaAccess, topic: string): AsyncGenerator<Buffer> {
  const closing = new AbortController();
  const splits = await openSplits(access, topic, closing.signal);
  try {
    for (const split of splits) yield* valuesOf(split);
  } finally {
    closing.abort();
    await Promise.all(splits.map((split) => split.close()));
  }
}

async function openSplits(
  access: KafkaAccess,
  topic: string,
  signal: AbortSignal,
): Promise<readonly SourceSplit[]> {
  const { brokers, tls, sasl } = access;
  const options = {
    brokers,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
    topic,
    format: plainFormat.name,
    start: 'earliest',
    until: 'latest',
  } as const;
  try {
    return await openTopic(options, {
      stream: topic,
      rowType: { fields: [value] },
      eventTimeField: value.name,
      formats: new Map([[plainFormat.name, plainFormat]]),
      clock: systemClock,
      baseDirectory: '.',
      signal,
      startAt: new Map(),
    });
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'MR_KAFKA_TOPIC_UNKNOWN') return [];
    throw error;
  }
}

async function* valuesOf(split: SourceSplit): AsyncGenerator<Buffer> {
  for (;;) {
    const read = await split.next(rowsPerRead);
    if (read.kind === 'end') return;
    if (read.kind === 'empty') continue;
    const [column] = read.batch.columns;
    if (column?.kind !== 'bytes') continue;
    const found: Buffer[] = [];
    for (let row = 0; row < read.batch.rowCount; row++) {
      if (column.nulls[row] === 1) continue;
      found.push(Buffer.from(column.data.subarray(column.starts[row], column.ends[row])));
    }
    yield* found;
  }
}

/** Values as bytes, as they are. */
const plainFormat: MessageFormat = {
  kind: 'messages',
  name: 'plain',
  createMessageDecoder: () => ({
    decode: ({ bytes, bounds, offsets, from, count }: MessageInput) => {
      const rowCount = count - from;
      const starts = new Int32Array(rowCount);
      const ends = new Int32Array(rowCount);
      const nulls = new Uint8Array(rowCount);
      for (let row = 0; row < rowCount; row++) {
        const start = bounds[2 * (from + row)] as number;
        nulls[row] = start < 0 ? 1 : 0;
        starts[row] = Math.max(0, start);
        ends[row] = start < 0 ? 0 : (bounds[2 * (from + row) + 1] as number);
      }
      const column: ColumnBuilder = { ...bytesBuilder(), data: bytes, starts, ends, nulls };
      const batch = {
        fields: [value],
        columns: [column],
        rowCount,
        offsets: offsets.subarray(from, count),
      };
      return { batch, errors: [], consumed: rowCount };
    },
  }),
};

function bytesBuilder(): ColumnBuilder & { readonly kind: 'bytes' } {
  const builder = columnForField(value);
  if (builder.kind !== 'bytes') throw new Error('a column of bytes is one of bytes');
  return builder;
}
