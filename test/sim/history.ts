// What reached the views. Every life of a job writes down what it told its views, with a mark at
// each barrier; the history that counts is put together from the lives by the checkpoints they
// were restored from. Whatever else happened, the results must be those of that history.
import type { Batch } from '../../src/columns/batch.ts';

export type HistoryStep =
  | {
      readonly kind: 'rows';
      readonly stream: number;
      readonly split: number;
      readonly rows: readonly HistoryRow[];
    }
  | { readonly kind: 'watermark'; readonly stream: number; readonly ms: number }
  | { readonly kind: 'idle'; readonly stream: number; readonly ms: number };

export interface HistoryRow {
  readonly offset: number;
  /** The combined watermark before it. */
  readonly watermarkMs: number;
  readonly arrivalMs: number;
}

/** What one stage of views was told, from its making or restoring on. */
export interface Timeline {
  /** The history of the checkpoint that it was restored from. */
  prefix: readonly HistoryStep[];
  readonly steps: HistoryStep[];
}

/** All timelines of a case, and what was told up to the barriers of their snapshots. */
export class HistoryBook {
  readonly timelines: Timeline[] = [];
  /** By the name of the first head file of a snapshot: no two snapshots share it. */
  readonly #snapshots = new Map<string, readonly HistoryStep[]>();

  begin(): Timeline {
    const timeline: Timeline = { prefix: [], steps: [] };
    this.timelines.push(timeline);
    return timeline;
  }

  /** A snapshot was written whose barrier came after `length` steps. */
  keep(head: string, { prefix, steps }: Timeline, length: number): void {
    this.#snapshots.set(head, [...prefix, ...steps.slice(0, length)]);
  }

  /** What was told up to the snapshot with this head. */
  upTo(head: string): readonly HistoryStep[] {
    const history = this.#snapshots.get(head);
    if (history === undefined) throw new Error(`no snapshot has the head ${head}`);
    return history;
  }
}

export function rowsStep(stream: number, batch: Batch): HistoryStep {
  const rows = Array.from({ length: batch.rowCount }, (_, i) => ({
    offset: batch.offsets[i] as number,
    watermarkMs: batch.watermarkMs[i] as number,
    arrivalMs: batch.arrivalTimeMs[i] as number,
  }));
  return { kind: 'rows', stream, split: batch.split, rows };
}

/** All that a stage knows of. */
function historyOf({ prefix, steps }: Timeline): readonly HistoryStep[] {
  return [...prefix, ...steps];
}

/** The history with the end of all input: each stream at its furthest split's watermark, then over. */
export function ended(
  history: readonly HistoryStep[],
  furthestMs: readonly number[],
): readonly HistoryStep[] {
  const ends = furthestMs.flatMap((ms, stream): HistoryStep[] => {
    const isKnown = history.some(
      (step) => step.kind === 'watermark' && step.stream === stream && step.ms >= ms,
    );
    const end: HistoryStep = { kind: 'watermark', stream, ms: Number.POSITIVE_INFINITY };
    return isKnown ? [end] : [{ kind: 'watermark', stream, ms }, end];
  });
  return [...history, ...ends];
}

/** Whether a stage was told nothing but the beginning of the history, however batched. */
export function isBeginningOf(timeline: Timeline, history: readonly HistoryStep[]): boolean {
  const told = flat(historyOf(timeline));
  const right = flat(history);
  return told.every((item, i) => item === right[i]);
}

/** Rows with their watermarks, and idle time; watermarks between rows say nothing new. */
function flat(steps: readonly HistoryStep[]): readonly string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'watermark') return [];
    if (step.kind === 'idle') return [`${step.stream} idle ${step.ms}`];
    return step.rows.map(
      ({ offset, watermarkMs }) => `${step.stream}/${step.split}:${offset} after ${watermarkMs}`,
    );
  });
}
