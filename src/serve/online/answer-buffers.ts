// Buffers that answers are written into, used again once an answer has left: a fresh one of hundreds
// of kilobytes costs more than what is written into it. An answer that is never released is only lost
// to the pool.
import { JsonBuffer } from '../../columns/json-buffer.ts';
import type { RowOrigin } from '../../ports/stores/read-origin.ts';

/** Bytes of an answer. They are the caller's until it releases them, once. */
export interface Answer {
  readonly bytes: Buffer;
  /** Where its rows came from, when the store is a region's. */
  readonly source?: RowOrigin;
  /** What *now* was, for callers that ask for milliseconds: ages are measured from it. */
  readonly servedAtMs?: number;
  release(): void;
}

export interface AnswerBuffers {
  /** An empty buffer with room for so many bytes. */
  take(byteCount: number): JsonBuffer;
  /** What was written into a buffer that was taken. */
  answer(buffer: JsonBuffer): Answer;
}

const pooledMax = 16;
const pooledBytesMax = 4 * 1024 * 1024;

export function createAnswerBuffers(): AnswerBuffers {
  const idle: JsonBuffer[] = [];
  return {
    take(byteCount) {
      const buffer = idle.pop() ?? new JsonBuffer(byteCount);
      buffer.length = 0;
      buffer.ensure(byteCount);
      return buffer;
    },
    answer: (buffer) => ({
      bytes: buffer.bytes.subarray(0, buffer.length),
      release() {
        if (idle.length < pooledMax && buffer.bytes.length <= pooledBytesMax) idle.push(buffer);
      },
    }),
  };
}
