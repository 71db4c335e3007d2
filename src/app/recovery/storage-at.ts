// The storage of checkpoints at the place that a configuration or a person names.
import { resolve } from 'node:path';
import { localCheckpointStorage } from '../../adapters/file/checkpoint/local-checkpoint-storage.ts';
import { s3CheckpointStorage } from '../../adapters/s3/s3-checkpoint-storage.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';

/** A folder (relative to `baseDirectory`), or `s3://bucket/prefix`. Throws MR_CONFIG_INVALID; opens nothing. */
export function storageAt(place: string, baseDirectory: string): CheckpointStorage {
  return place.startsWith('s3://')
    ? s3CheckpointStorage({ url: place, clock: systemClock })
    : localCheckpointStorage(resolve(baseDirectory, place));
}
