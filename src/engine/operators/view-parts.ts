// The parts of a running view that its steps share: admission, rows, timers and forgetting all work
// on the same keys, states and windows.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import { KeyTable } from '../state/key-table.ts';
import { PagePool } from '../state/page-pool.ts';
import type { KeyImages, Residence } from '../state/residence.ts';
import type { ViewWindow } from '../state/windows/view-window.ts';
import { TimerQueue } from '../time/timer-queue.ts';
import { createWindows } from './create-windows.ts';
import { KeyStates } from './key-states.ts';
import type { OperatorContext } from './operator.ts';
import { RecordStore } from './record-store.ts';
import { planStaging, type Staging } from './staging.ts';
import { VectorBuilder } from './vector-builder.ts';
import { layoutView, type ViewLayout } from './view-layout.ts';

export type ViewMode = 'arrival' | 'watermark' | 'recompute';

export interface ViewOperatorOptions {
  readonly plan: Plan;
  readonly view: ViewNode;
  readonly context: OperatorContext;
  /** `recompute`: of a `RecomputeOperator`, which answers questions; else rows come out by themselves. */
  readonly mode?: 'stream' | 'recompute';
  /** The state backend, which reads and writes the operator's keys; null: they stay in memory. */
  readonly residence?: ((images: KeyImages) => Residence) | null;
  /** Of parts that only read and write images. */
  readonly isDetached?: boolean;
}

export interface ViewParts {
  readonly layout: ViewLayout;
  readonly mode: ViewMode;
  readonly context: OperatorContext;
  readonly keys: KeyTable;
  readonly states: KeyStates;
  readonly store: RecordStore;
  readonly staging: Staging;
  readonly builder: VectorBuilder;
  readonly windows: readonly ViewWindow[];
  readonly pages: PagePool;
  readonly rowsWindows: readonly ViewWindow[];
  readonly otherWindows: readonly ViewWindow[];
  /** Windows whose values change without a record. */
  readonly timedWindows: readonly ViewWindow[];
  readonly timers: TimerQueue;
}

/** Kinds of timers in the queue; from the last on, the clean-up of window `kind − cleanUpTimer`. */
export const mainTimer = 0;
export const expiryTimer = 1;
export const cleanUpTimer = 2;

export function createParts(options: ViewOperatorOptions): ViewParts {
  const { plan, view, context, mode, isDetached = false } = options;
  const layout = layoutView(plan, view);
  const { fields, predicates, outputs } = layout;
  const staging = planStaging(layout);
  const keys = new KeyTable();
  const states = new KeyStates();
  const builder = new VectorBuilder(view, keys, states, (batch) => context.emit(batch));
  const store = new RecordStore(
    layout,
    staging,
    compileProjection({ fields, predicates, outputs }),
  );
  const pages = new PagePool();
  const windows = createWindows({
    layout,
    staging,
    source: store,
    output: builder,
    pages,
    isWatermark: mode !== 'recompute' && view.emit === 'watermark',
    isDetached,
  });
  return {
    layout,
    mode: mode === 'recompute' ? mode : view.emit,
    context,
    keys,
    states,
    store,
    staging,
    builder,
    windows,
    pages,
    rowsWindows: windows.filter(({ areRows }) => areRows),
    otherWindows: windows.filter(({ areRows }) => !areRows),
    timedWindows: windows.filter(({ hasTimers }) => hasTimers),
    timers: new TimerQueue(),
  };
}
