// From the windows of a layout to their states. Features whose aggregates have generated loops go
// into one group per kind of window; the others get a window of their own with accumulators.
import type { LoopAggregate } from '../../codegen/update-loops/loop-plan.ts';
import { createAccumulator } from '../state/accumulators/create-accumulator.ts';
import { LifetimeState } from '../state/windows/lifetime-window.ts';
import { PaneState } from '../state/windows/pane-window.ts';
import { RollingGroup } from '../state/windows/rolling-group.ts';
import { RollingRowsState, RollingWindowState } from '../state/windows/rolling-window.ts';
import { SessionState } from '../state/windows/session-window.ts';
import { SlotWindowState } from '../state/windows/slot-window.ts';
import {
  isBoxedInput,
  type PutValue,
  type RecordSource,
  type ViewWindow,
  type WindowFeatures,
} from '../state/windows/view-window.ts';
import type { Staging } from './staging.ts';
import type { VectorBuilder } from './vector-builder.ts';
import type { ViewLayout, WindowLayout } from './view-layout.ts';

export interface WindowEnvironment {
  readonly layout: ViewLayout;
  readonly staging: Staging;
  readonly source: RecordSource;
  readonly output: VectorBuilder;
  /** Watermark mode: windows judge lateness each for itself, so that a row may be in only some. */
  readonly isWatermark: boolean;
}

export function createWindows(env: WindowEnvironment): ViewWindow[] {
  const windows: ViewWindow[] = [];
  const group = rollingGroup(env);
  if (group !== null) windows.push(group);
  for (const [index, window] of env.layout.windows.entries()) {
    const boxed = window.features.filter((feature) => env.staging.loops[feature] === null);
    if (boxed.length > 0) windows.push(createBoxed(env, index, boxed));
  }
  return windows;
}

interface LoopWindow {
  readonly index: number;
  readonly layout: WindowLayout;
  readonly aggregates: readonly LoopAggregate[];
}

function loopWindows({ layout, staging }: WindowEnvironment): LoopWindow[] {
  return layout.windows
    .map((window, index) => ({
      index,
      layout: window,
      aggregates: window.features.flatMap((feature) => staging.loops[feature] ?? []),
    }))
    .filter(({ aggregates }) => aggregates.length > 0);
}

function rollingGroup(env: WindowEnvironment): RollingGroup | null {
  const windows = loopWindows(env);
  if (windows.length === 0) return null;
  const canDiffer = env.isWatermark && windows.length > 1;
  return new RollingGroup({
    plan: {
      inputCount: env.staging.columns.length,
      windows: windows.map(({ layout, aggregates }, i) => ({
        sizeMs: layout.node.kind === 'rolling' ? layout.node.sizeMs : 0,
        aggregates,
        refusal: canDiffer ? env.staging.freeBit + i : -1,
      })),
    },
    windows: windows.map(({ index }) => index),
    decayMs: windows.map(({ layout }) => layout.decayMs),
    source: env.source,
    output: env.output,
  });
}

function createBoxed(
  env: WindowEnvironment,
  window: number,
  indexes: readonly number[],
): ViewWindow {
  const layout = env.layout.windows[window] as WindowLayout;
  const { node, decayMs } = layout;
  const features = featuresOf(env, window, indexes);
  switch (node.kind) {
    case 'rolling':
      return node.resolutionMs === null
        ? new RollingWindowState(features, node.sizeMs, decayMs)
        : new SlotWindowState(features, { ...node, resolutionMs: node.resolutionMs, decayMs });
    case 'rollingRows':
      return new RollingRowsState(features, node.rows);
    case 'lifetime':
      return new LifetimeState(features);
    case 'session':
      return new SessionState(features, node.gapMs);
    case 'tumbling':
      return new PaneState(features, {
        ...node,
        stepMs: node.sizeMs,
        isCumulative: false,
        isOpen: node.serve === 'open',
      });
    case 'hopping':
      return new PaneState(features, {
        ...node,
        stepMs: node.everyMs,
        isCumulative: false,
        isOpen: node.serve === 'open',
      });
    case 'cumulate':
      return new PaneState(features, { ...node, isCumulative: true, isOpen: false });
  }
}

function featuresOf(
  { layout, staging, source, output }: WindowEnvironment,
  window: number,
  indexes: readonly number[],
): WindowFeatures {
  const node = layout.windows[window]?.node;
  const isSketched = node?.kind === 'rolling' && node.resolutionMs !== null;
  const members = indexes.map((index) => {
    const feature = layout.view.features[index];
    if (feature === undefined)
      throw new Error(`view "${layout.view.name}" has no feature ${index}`);
    const { input, filter } = staging.inputsOf[index] ?? boxedInput;
    const isStaged = input !== isBoxedInput;
    const accumulator = createAccumulator(feature.aggregate, isSketched, isStaged);
    return { index, accumulator, input, filter };
  });
  const put: PutValue = (feature, result) => output.put(feature, result);
  return { window, members, source, put };
}

const boxedInput = { input: isBoxedInput, filter: -1 };
