import { describe, expect, it } from 'vitest';
import { memoryCheckpointStorage } from '../../testing/faults/memory-checkpoint-storage.ts';
import { manifestOf } from '../../testing/manifests.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';
import { writeManifest } from './manifest-writer.ts';
import { manifestName } from './names.ts';

const name = manifestName('job', 3);
const noFiles = { read: async () => new Uint8Array(0), write: async () => {} };
const ours = manifestOf(3, {}, { generation: 5 });

describe('a manifest whose place is taken', () => {
  it.each<[string, Uint8Array, 'ours' | 'MR_FENCED']>([
    [
      'by an earlier generation is written over it',
      encodeManifest(manifestOf(3, {}, { generation: 4 })),
      'ours',
    ],
    ['by a damaged one is written over it', new Uint8Array(9), 'ours'],
    ['by itself is there', encodeManifest(ours), 'ours'],
    [
      'by a later generation is not written',
      encodeManifest(manifestOf(3, {}, { generation: 6 })),
      'MR_FENCED',
    ],
    [
      'by another of its generation is not written',
      encodeManifest(manifestOf(3, { x: 1 }, { generation: 5 })),
      'MR_FENCED',
    ],
  ])('%s', async (_, there, expected) => {
    const storage = memoryCheckpointStorage(noFiles);
    await storage.write(name, there);
    const written = writeManifest(storage, ours);
    if (expected === 'ours') await written;
    else await expect(written).rejects.toMatchObject({ code: expected });
    const bytes = (await storage.read(name))?.bytes ?? new Uint8Array(0);
    if (expected === 'ours') expect(decodeManifest(name, bytes)).toEqual(ours);
    else expect(bytes).toEqual(there);
  });
});
