// Files of lines in a job with checkpoints: lines are in sight at once, a checkpoint notes how long
// each file was, and going back to it cuts off what came after. Files of a job are its own: lines that
// another job appends meanwhile would be cut off too.
import type { EpochSink, RestoredEpoch } from '../../ports/epoch-sink.ts';
import type { LineFile } from './line-file.ts';

export interface LineFiles {
  /** Name of the sink in manifests. */
  readonly name: string;
  /** Every file that the job may write, by a stable name. */
  readonly files: ReadonlyMap<string, LineFile>;
}

export function lineFileEpochs({ name, files }: LineFiles): EpochSink {
  return {
    name,
    prepare: async () => {
      const synced = [...files].map(async ([id, file]) => [id, await file.sync()] as const);
      return { lengths: Object.fromEntries(await Promise.all(synced)) };
    },
    commit: () => Promise.resolve(),
    recover: async (restored) => {
      if (restored === null) return;
      const lengths = lengthsIn(restored);
      for (const [id, file] of files) {
        const length = lengths[id];
        if (length !== undefined) await file.cut(length);
      }
    },
  };
}

function lengthsIn({ state }: RestoredEpoch): Readonly<Record<string, number>> {
  const saved = state as { readonly lengths?: Readonly<Record<string, number>> } | null;
  return saved?.lengths ?? {};
}
