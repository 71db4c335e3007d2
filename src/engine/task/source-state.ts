// What a checkpoint keeps of a stream's source besides positions: its watermark, split by split. The
// order of splits is kept too, since batches name their split by its number.
import type { JsonValue } from '../../kernel/json-value.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { SourceSplit } from '../../ports/source.ts';
import type { SavedSplit } from '../time/watermark-combiner.ts';

export type SavedWatermark = {
  /** Combined; null before there was one. */
  readonly watermarkMs: number | null;
  /** All splits had ended and the watermark had gone to +∞: nothing is read any more. */
  readonly isFinished: boolean;
  readonly splits: readonly SavedSource[];
};

export type SavedSource = SavedSplit & {
  readonly split: string;
  readonly recordsIn: number;
};

/** The value as a job of this version wrote it. */
export function savedWatermark(value: JsonValue, stream: string): SavedWatermark {
  const saved = value as SavedWatermark | null;
  if (typeof saved === 'object' && saved !== null && Array.isArray(saved.splits)) return saved;
  const message = `the checkpoint says nothing that is known of the watermark of "${stream}"`;
  throw new MillraceError('MR_CHECKPOINT_CORRUPT', message, { context: { stream } });
}

/** Splits in the order that they had, new ones behind them; those that are gone are left out. */
export function inSavedOrder(
  splits: readonly SourceSplit[],
  saved: SavedWatermark | null,
): readonly SourceSplit[] {
  if (saved === null) return splits;
  const order = new Map(saved.splits.map(({ split }, i) => [split, i]));
  const place = ({ id }: SourceSplit): number => order.get(id) ?? order.size;
  return splits.toSorted((a, b) => place(a) - place(b));
}
