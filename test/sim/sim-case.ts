// A case of the simulation: a plan of one or two streams with up to three views, what each split of
// the streams holds, and how the job is run. All of it follows from the seed.
import fc from 'fast-check';
import type { Value } from '../../src/kernel/types/field-type.ts';
import type { Plan, ViewNode } from '../../src/plan/plan.ts';
import type { RecordError } from '../../src/ports/dead-letter-sink.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { seededRandom } from '../../src/kernel/random.ts';

/** One record of a split; its place in the split is its offset. */
export type ScriptEntry =
  | { readonly kind: 'row'; readonly row: Readonly<Record<string, Value>> }
  | { readonly kind: 'error'; readonly error: RecordError };

export interface StreamScript {
  readonly stream: string;
  readonly bounded: boolean;
  /** Whether a split may be silent for so long that it counts as idle. */
  readonly goesIdle: boolean;
  readonly splits: ReadonlyMap<string, readonly ScriptEntry[]>;
}

export interface SimCase {
  readonly seed: number;
  readonly plan: Plan;
  readonly streams: readonly StreamScript[];
  /** Where the wall's clock stands at the start: the time of the first events. */
  readonly startMs: number;
}

const rowCountMax = 90;

export function simCase(seed: number): SimCase {
  const random = seededRandom(seed * 2 + 1);
  const chance = (probability: number): boolean => random.next() < probability;
  const streamCount = chance(0.25) ? 2 : 1;
  const parts = Array.from({ length: streamCount }, (_, i) => {
    const disorder = chance(0.4) ? 'withinBound' : 'late';
    const [first, ...others] = fc.sample(
      fc.noBias(anyCase({ disorder, rowCountMax, hasUniqueIds: chance(0.5) })),
      { seed: seed * 4 + i, numRuns: chance(0.4) ? 2 : 1 },
    );
    if (first === undefined) throw new Error('no case');
    return streamPart(`events${i}`, first, others, () => random.next());
  });
  const plan: Plan = {
    kind: 'plan',
    version: 1,
    entities: parts.flatMap(({ plan: { entities } }) => entities),
    streams: parts.flatMap(({ plan: { streams } }) => streams),
    views: parts.flatMap(({ plan: { views } }) => views),
    services: [],
  };
  const streams = parts.map(({ script }) => script);
  return { seed, plan, streams, startMs: earliestOf(streams) };
}

interface StreamPart {
  readonly plan: Pick<Plan, 'entities' | 'streams' | 'views'>;
  readonly script: StreamScript;
}

/** The first case's stream and rows, with the views of all of them. */
function streamPart(
  name: string,
  first: RandomCase,
  others: readonly RandomCase[],
  next: () => number,
): StreamPart {
  const goesIdle = next() < 0.3;
  const [stream] = first.plan.streams;
  if (stream === undefined) throw new Error('a case has a stream');
  const eventTime = {
    ...stream.eventTime,
    idleTimeoutMs: goesIdle ? 300 : null,
    maxAheadMs: next() < 0.2 ? 60_000 : null,
    maxDriftMs: next() < 0.2 ? 5000 : null,
  };
  const numbered = [first, ...others].map(({ plan }, i) => ({ plan, id: `${name}_${i}` }));
  const streams = [{ ...stream, name, uid: name, eventTime }];
  const entities = numbered.flatMap(({ plan, id }) =>
    plan.entities.map((entity) => ({ ...entity, name: id })),
  );
  const views = numbered.flatMap(({ plan, id }) =>
    plan.views.map((view) => renamed(view, id, name)),
  );
  const keyCount = next() < 0.5 ? 1 : 2 + Math.floor(next() * 40);
  const script = { stream: name, bounded: next() < 0.5, goesIdle };
  const splits = splitsOf(first, keyCount, next);
  return { plan: { entities, streams, views }, script: { ...script, splits } };
}

function renamed(view: ViewNode, id: string, stream: string): ViewNode {
  const scan = { kind: 'scan', stream } as const;
  return {
    ...view,
    name: id,
    uid: id,
    entity: id,
    from: view.from.kind === 'filter' ? { ...view.from, input: scan } : scan,
    features: view.features.map((feature) => ({ ...feature, uid: `${id}.${feature.name}` })),
  };
}

function splitsOf(
  { steps, splitCount }: RandomCase,
  keyCount: number,
  next: () => number,
): StreamScript['splits'] {
  const splits = new Map<string, ScriptEntry[]>();
  for (let i = 0; i < splitCount; i++) splits.set(`split${i}`, []);
  for (const step of steps) {
    if (step.kind !== 'row') continue;
    const entries = splits.get(`split${step.split}`) ?? [];
    if (next() < 0.03) entries.push({ kind: 'error', error: malformed });
    entries.push({ kind: 'row', row: spread(step.row, Math.floor(next() * keyCount)) });
  }
  return splits;
}

const malformed: RecordError = {
  code: 'MR_DATA_MALFORMED',
  category: 'deserialization',
  message: 'not a record',
  offset: 0,
  bytes: Uint8Array.of(1, 2, 3),
};

/** More keys than the few of a random case, so that keys are spread over subtasks and memory. */
function spread(row: Readonly<Record<string, Value>>, choice: number) {
  if (choice === 0) return row;
  const { k, g } = row;
  return {
    ...row,
    k: typeof k === 'string' ? `${k}${choice}` : (k ?? null),
    g: typeof g === 'bigint' ? g + BigInt(choice) : (g ?? null),
  };
}

function earliestOf(streams: readonly StreamScript[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { splits } of streams) {
    for (const entry of [...splits.values()].flat()) {
      if (entry.kind === 'row' && typeof entry.row['ts'] === 'number') {
        least = Math.min(least, entry.row['ts']);
      }
    }
  }
  return Number.isFinite(least) ? least : 0;
}
