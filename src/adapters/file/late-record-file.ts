// Late records as lines of JSON, one file a view: a sample with a bound per second, so that a flood
// of late data cannot fill the disk. What the sample leaves out is counted in the line that follows.
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { lateRecordJson } from '../../ports/dead-letter-record.ts';
import type { LateRecord, LateRecordSink } from '../../ports/dead-letter-sink.ts';
import { lineFileEpochs } from './line-file-epochs.ts';
import { LineFile } from './line-file.ts';

/** How many late records are kept; everything is optional. */
export interface LateRecordFileOptions {
  /** Records written per view and second. Default 100. */
  readonly recordsPerSecondMax?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Views of a job with checkpoints: records after the restored one are cut off. */
  readonly views?: readonly string[];
}

interface ViewSample {
  readonly file: LineFile;
  second: number;
  written: number;
  left: number;
}

/**
 * Late records in `<directory>/<view>.late.jsonl`, appended. **Shape**: `view`, `stream`, `split`, `offset`,
 * `event_time`, `watermark`, `features` that missed it, `row`, and `not_sampled`: how many records
 * before this one were left out; `sample_is_full` when more may have come. **Guarantee**: a sample; the exact count is the engine's counter.
 * **Errors**: MR_FILE_ACCESS.
 */
export function fileLateRecordSink(
  directory: string,
  { recordsPerSecondMax = 100, clock = systemClock, views }: LateRecordFileOptions = {},
): LateRecordSink {
  const samples = new Map(views?.map((view) => [view, newSample(lateRecordPath(directory, view))]));
  const files = new Map([...samples].map(([view, { file }]) => [view, file]));
  return {
    ...(views === undefined ? {} : { epochs: lineFileEpochs({ name: 'late-records', files }) }),
    write: async (records) => {
      const second = Math.floor(clock.monotonicMs() / 1000);
      for (const [view, ofView] of Map.groupBy(records, ({ view }) => view)) {
        const sample = samples.get(view) ?? newSample(lateRecordPath(directory, view));
        samples.set(view, sample);
        const lines = takeSample(sample, ofView, second, recordsPerSecondMax);
        if (lines.length > 0) await sample.file.append(lines);
      }
    },
    close: async () => {
      for (const { file } of samples.values()) await file.close();
    },
  };
}

/** Where the sample of a view's late records is. */
export function lateRecordPath(directory: string, view: string): string {
  return join(directory, `${view}.late.jsonl`);
}

function newSample(path: string): ViewSample {
  return { file: new LineFile(path), second: Number.NEGATIVE_INFINITY, written: 0, left: 0 };
}

function takeSample(
  sample: ViewSample,
  records: readonly LateRecord[],
  second: number,
  writtenMax: number,
): string[] {
  if (sample.second !== second) {
    sample.second = second;
    sample.written = 0;
  }
  const lines: string[] = [];
  for (const record of records) {
    if (sample.written >= writtenMax) {
      sample.left++;
      continue;
    }
    sample.written++;
    const isFull = sample.written === writtenMax;
    const kept: LateRecord = isFull ? { ...record, sampleIsFull: true } : record;
    lines.push(lateRecordJson(kept, sample.left));
    sample.left = 0;
  }
  return lines;
}
