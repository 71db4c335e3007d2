// Manifests for tests of checkpoints: a subtask's segments by name and size, the rest plausible.
import type { Manifest, ManifestDraft } from '../engine/checkpoint/manifest.ts';

/** A draft whose only subtask has these files, by name and size; the last one is the head. */
export function manifestDraft(id: number, files: Readonly<Record<string, number>>): ManifestDraft {
  const named = Object.entries(files).map(([name, bytes]) => ({ name, bytes }));
  const head = named.pop() ?? { name: `head-${id}`, bytes: 0 };
  return {
    id,
    plan: { fingerprint: 'plan-1', json: { views: [] } },
    parallelism: 1,
    sources: {
      purchases: { positions: { './data/a.jsonl': { byte: 10 * id } }, watermark: id * 1000 },
    },
    subtasks: [
      {
        subtask: 0,
        keyGroups: { first: 0, end: 128 },
        segments: named.map((segment) => ({ ...segment, liveBytes: segment.bytes })),
        added: named.map(({ name }) => name),
        head,
        views: [],
      },
    ],
    sinks: { log: { files: [`epoch-${id}`] } },
    counters: { recordsIn: id * 100 },
    storeEpoch: null,
  };
}

/** The same, signed by an owner. */
export function manifestOf(
  id: number,
  files: Readonly<Record<string, number>> = {},
  signed: Partial<Pick<Manifest, 'job' | 'generation' | 'createdAtMs'>> = {},
): Manifest {
  return { ...manifestDraft(id, files), job: 'job', generation: 1, createdAtMs: 0, ...signed };
}
