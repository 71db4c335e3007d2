// Dead letters as lines of JSON, one file a stream, in the record format that topics use too.
import { join } from 'node:path';
import { deadLetterJson, type Pipeline } from '../../ports/dead-letter-record.ts';
import type { DeadLetterSink } from '../../ports/dead-letter-sink.ts';
import { lineFileEpochs } from './line-file-epochs.ts';
import { LineFile } from './line-file.ts';

/** What letters say of their pipeline, and which files are the job's. */
export interface DeadLetterFileOptions extends Pipeline {
  /** Streams of a job with checkpoints: letters after the restored one are cut off. */
  readonly streams?: readonly string[];
}

/**
 * Dead letters in `<directory>/<stream>.dlq.jsonl`, appended. **Shape**: a JSON object a line with
 * `dlq_metadata` (why, where, when), `original_event_base64` (the bytes) and `original_event_string` (the
 * same as text, null when it is not UTF-8). **Guarantee**: `write` resolves once the operating system
 * has the lines, `close` once the disk has; with `streams`, each letter once, whatever fails.
 * **Errors**: MR_FILE_ACCESS.
 */
export function fileDeadLetterSink(
  directory: string,
  options: DeadLetterFileOptions,
): DeadLetterSink {
  const newFile = (stream: string): LineFile => new LineFile(deadLetterPath(directory, stream));
  const { streams } = options;
  const files = new Map(streams?.map((stream) => [stream, newFile(stream)]));
  return {
    ...(streams === undefined ? {} : { epochs: lineFileEpochs({ name: 'dead-letters', files }) }),
    write: async (letters) => {
      for (const [stream, ofStream] of Map.groupBy(letters, ({ stream }) => stream)) {
        const file = files.get(stream) ?? newFile(stream);
        files.set(stream, file);
        await file.append(ofStream.map((letter) => deadLetterJson(letter, options)));
      }
    },
    close: async () => {
      for (const file of files.values()) await file.close();
    },
  };
}

/** Where the dead letters of a stream are. */
export function deadLetterPath(directory: string, stream: string): string {
  return join(directory, `${stream}.dlq.jsonl`);
}
