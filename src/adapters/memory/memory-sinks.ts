// Sinks that keep what they are given, for tests and for programs that look at it themselves.
import { readRow } from '../../columns/read-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type {
  DeadLetter,
  DeadLetterSink,
  LateRecord,
  LateRecordSink,
} from '../../ports/dead-letter-sink.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';

/** One emitted feature vector: encoded key, times, version and values by feature name. */
export interface MemoryVector {
  readonly view: string;
  readonly key: Uint8Array;
  readonly eventTimeMs: number;
  readonly asOfMs: number;
  readonly seq: number;
  readonly values: Readonly<Record<string, Value>>;
}

/**
 * Keeps every emitted vector in `vectors`, in the order of emission.
 * **State growth:** without bound, one object per row: for tests and small runs.
 */
export function memoryVectors(): VectorSink & { readonly vectors: readonly MemoryVector[] } {
  const vectors: MemoryVector[] = [];
  return {
    vectors,
    write(batch) {
      for (let row = 0; row < batch.rowCount; row++) vectors.push(vectorOf(batch, row));
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

function vectorOf(batch: VectorBatch, row: number): MemoryVector {
  return {
    view: batch.view,
    key: batch.keyData.slice(batch.keyStarts[row], batch.keyEnds[row]),
    eventTimeMs: batch.eventTimeMs[row] as number,
    asOfMs: batch.asOfMs[row] as number,
    seq: batch.seq[row] as number,
    values: readRow(batch.columns, batch.fields, row),
  };
}

/** Keeps dead letters in `letters`. **State growth:** without bound. */
export function memoryDeadLetters(): DeadLetterSink & { readonly letters: readonly DeadLetter[] } {
  const letters: DeadLetter[] = [];
  return {
    letters,
    write(more) {
      letters.push(...more);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

/** Keeps late records in `records`. **State growth:** without bound. */
export function memoryLateRecords(): LateRecordSink & { readonly records: readonly LateRecord[] } {
  const records: LateRecord[] = [];
  return {
    records,
    write(more) {
      records.push(...more);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
