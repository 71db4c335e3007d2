// Rows that a run left in its store against rows computed anew from only the events of their users,
// in memory, without a checkpoint in between: byte by byte.
import { Buffer } from 'node:buffer';
import { embedded } from '../../../src/adapters/embedded/index.ts';
import { storedViews } from '../../../src/app/stored-views.ts';
import { buildPlan } from '../../../src/define/build-plan.ts';
import type { Source } from '../../../src/ports/source.ts';
import { encodeKey } from '../../../src/kernel/key-encoding.ts';
import { userId } from '../event-pool.ts';
import type { LargeStatePlan } from './large-state-plan.ts';
import { loadSource } from '../load-source.ts';
import { ObservedStore } from '../observed-store.ts';
import { runLoad } from '../run-load.ts';
import { wideState } from './wide-state.ts';

export interface SampleResult {
  readonly compared: number;
  readonly different: number;
  readonly missing: number;
}

/** `folder` holds the store `online` of the run; `anew` is made beside it. */
export async function compareSample(folder: string, plan: LargeStatePlan): Promise<SampleResult> {
  const sample = new Set(plan.sample);
  await runLoad({
    view: wideState,
    source: eventsOf(plan, sample),
    store: new ObservedStore(embedded('../anew')),
    settings: { backend: 'memory', parallelism: 1, checkpointSeconds: null },
    directory: folder,
  });
  const run = await rowsOf(folder, '../online', plan.sample);
  const anew = await rowsOf(folder, '../anew', plan.sample);
  let different = 0;
  let missing = 0;
  for (const [i, row] of run.entries()) {
    const other = anew[i];
    if (row === null || other === null || other === undefined) missing += 1;
    else if (Buffer.compare(row, other) !== 0) different += 1;
  }
  return { compared: run.length - missing, different, missing };
}

/** The plan's events, but only those of the sample. */
function eventsOf(plan: LargeStatePlan, sample: ReadonlySet<number>): Source {
  const phases = plan.phases.map((phase) => ({
    ...phase,
    isTaken: (index: number) => sample.has(phase.userOf(index)),
  }));
  return loadSource({ phases });
}

async function rowsOf(folder: string, store: string, sample: readonly number[]) {
  const { plan } = buildPlan([{ wideState }]);
  const views = storedViews(plan);
  const context = { project: 'bench', baseDirectory: folder, mode: 'read' as const, views };
  const opened = await embedded(store).open(context);
  try {
    const key = views[0]?.key ?? [];
    const keys = sample.map((user) => encodeKey(key, { user_id: userId(user) }));
    return await opened.read(wideState.name, keys);
  } finally {
    await opened.close();
  }
}
