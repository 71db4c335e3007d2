// From the windows of a layout to their states. Features whose aggregates have generated loops go
// into one group per kind of window; the others get a window of their own with accumulators.
import type { LoopAggregate } from '../../codegen/update-loops/loop-plan.ts';
import type { AggregateNode } from '../../plan/aggregate.ts';
import type { FeatureNode } from '../../plan/plan.ts';
import type {
  CumulateWindow,
  HoppingWindow,
  RollingWindow,
  TumblingWindow,
  WindowNode,
} from '../../plan/window.ts';
import { createAccumulator } from '../state/accumulators/create-accumulator.ts';
import { createRunning } from '../state/accumulators/running.ts';
import { userAccumulator } from '../state/accumulators/user.ts';
import { BoxedCells } from '../state/cells/boxed-cells.ts';
import type { Cells } from '../state/cells/cells.ts';
import { CodeSetCells } from '../state/cells/code-set-cells.ts';
import { CompositeCells } from '../state/cells/composite-cells.ts';
import { NumberCells } from '../state/cells/number-cells.ts';
import type { PagePool } from '../state/page-pool.ts';
import { type DistinctFeature, DistinctSlotWindow } from '../state/windows/distinct-slot-window.ts';
import { LifetimeState } from '../state/windows/lifetime-window.ts';
import type { PaneOptions } from '../state/windows/pane-options.ts';
import { PaneState } from '../state/windows/pane-window.ts';
import { RollingGroup } from '../state/windows/rolling-group.ts';
import { RollingRowsState, RollingWindowState } from '../state/windows/rolling-window.ts';
import { SessionState } from '../state/windows/session-window.ts';
import { SlotRingWindow } from '../state/windows/slot-ring-window.ts';
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
  /** Memory that the windows share. */
  readonly pages: PagePool;
  /** Watermark mode: windows judge lateness each for itself, so that a row may be in only some. */
  readonly isWatermark: boolean;
  /** Only images are read and written: windows are kept in the forms that an upgrade translates. */
  readonly isDetached: boolean;
}

export function createWindows(env: WindowEnvironment): ViewWindow[] {
  const windows: ViewWindow[] = [];
  const loops = loopWindows(env);
  for (const areRows of [false, true]) {
    const kind = areRows ? 'rollingRows' : 'rolling';
    const members = loops.filter(({ layout }) => layout.node.kind === kind);
    if (members.length > 0) windows.push(rollingGroup(env, members, areRows));
  }
  for (const [index, { features, node }] of env.layout.windows.entries()) {
    const others = features.filter((feature) => env.staging.loops[feature] === null);
    for (const members of splitMembers(env, node, others)) {
      windows.push(createWindow(env, index, members));
    }
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

function rollingGroup(
  env: WindowEnvironment,
  windows: readonly LoopWindow[],
  areRows: boolean,
): RollingGroup {
  // Windows over rows are late together.
  const canDiffer = env.isWatermark && windows.length > 1 && !areRows;
  return new RollingGroup({
    plan: {
      inputCount: env.staging.columns.length,
      windows: windows.map(({ layout: { node }, aggregates }, i) => ({
        sizeMs: node.kind === 'rolling' ? node.sizeMs : 0,
        rows: node.kind === 'rollingRows' ? node.rows : null,
        aggregates,
        refusal: canDiffer ? env.staging.freeBit + i : -1,
      })),
    },
    windows: windows.map(({ index }) => index),
    decayMs: windows.map(({ layout }) => layout.decayMs),
    source: env.source,
    output: env.output,
    areRows,
  });
}

/**
 * With a resolution, features of numbers have rings of slots; of the others those whose slots can be
 * taken away do not wait for those that cannot.
 */
function splitMembers(
  { layout, staging }: WindowEnvironment,
  node: WindowNode,
  indexes: readonly number[],
): (readonly number[])[] {
  if (node.kind !== 'rolling' || node.resolutionMs === null) {
    return indexes.length > 0 ? [indexes] : [];
  }
  const kindOf = (index: number): number => {
    if (staging.cells[index] !== null) return 0;
    return canUnmerge(featureAt(layout, index).aggregate) ? 1 : 2;
  };
  return [0, 1, 2]
    .map((kind) => indexes.filter((index) => kindOf(index) === kind))
    .filter((members) => members.length > 0);
}

function canUnmerge(aggregate: AggregateNode): boolean {
  return createAccumulator(aggregate, true, false).unmerge !== undefined;
}

function createWindow(
  env: WindowEnvironment,
  window: number,
  indexes: readonly number[],
): ViewWindow {
  const { node, decayMs } = env.layout.windows[window] as WindowLayout;
  const { source } = env;
  if (node.kind === 'rollingRows') {
    return new RollingRowsState(featuresOf(env, window, indexes), node.rows);
  }
  if (node.kind === 'rolling' && node.resolutionMs === null) {
    return new RollingWindowState(featuresOf(env, window, indexes), node.sizeMs, decayMs);
  }
  if (node.kind === 'rolling') return rollingSlots(env, window, indexes);
  const parts = { window, source, cells: cellsOf(env, window, indexes) };
  switch (node.kind) {
    case 'lifetime':
      return new LifetimeState(parts);
    case 'session':
      return new SessionState(parts, node.gapMs);
    case 'tumbling':
    case 'hopping':
    case 'cumulate':
      return new PaneState(parts, paneOptions(node));
  }
}

/** A rolling window with a resolution. */
function rollingSlots(
  env: WindowEnvironment,
  window: number,
  indexes: readonly number[],
): ViewWindow {
  const { node, decayMs } = env.layout.windows[window] as WindowLayout;
  const { source, output, staging, pages } = env;
  const { sizeMs, resolutionMs } = node as RollingWindow;
  const options = { sizeMs, resolutionMs: resolutionMs ?? sizeMs, decayMs };
  const aggregates = indexes.flatMap((index) => staging.cells[index] ?? []);
  if (aggregates.length === indexes.length) {
    return new SlotRingWindow({ window, aggregates, source, output, pages }, options);
  }
  const features = env.isDetached ? [] : indexes.flatMap((index) => distinctFeature(env, index));
  if (features.length > 0 && features.length === indexes.length) {
    return new DistinctSlotWindow({ window, features, source, output, pages }, options);
  }
  return new SlotWindowState({ window, source, cells: cellsOf(env, window, indexes) }, options);
}

/** The feature, when it counts distinct values that are staged as codes. */
function distinctFeature({ staging }: WindowEnvironment, feature: number): DistinctFeature[] {
  const codes = staging.codes[feature] ?? null;
  return codes === null ? [] : [{ feature, codes, ...(staging.inputsOf[feature] ?? boxedInput) }];
}

function paneOptions(node: TumblingWindow | HoppingWindow | CumulateWindow): PaneOptions {
  const { sizeMs, offsetMs, allowedLatenessMs } = node;
  const rest = { sizeMs, offsetMs, allowedLatenessMs };
  switch (node.kind) {
    case 'tumbling':
      return { ...rest, stepMs: sizeMs, isCumulative: false, isOpen: node.serve === 'open' };
    case 'hopping':
      return { ...rest, stepMs: node.everyMs, isCumulative: false, isOpen: node.serve === 'open' };
    case 'cumulate':
      return { ...rest, stepMs: node.stepMs, isCumulative: true, isOpen: false };
  }
}

/** Cells of numbers, sets of codes and boxed ones, as the features need. */
function cellsOf(env: WindowEnvironment, window: number, indexes: readonly number[]): Cells {
  const { layout, staging, source, output } = env;
  const node = layout.windows[window]?.node;
  const hasResolution = node?.kind === 'rolling' && node.resolutionMs !== null;
  const numbers = hasResolution ? [] : indexes.filter((index) => staging.cells[index] !== null);
  const sets = indexes.filter((index) => staging.codes[index] !== null);
  const boxed = indexes.filter((index) => !numbers.includes(index) && !sets.includes(index));
  const parts: Cells[] = [];
  if (numbers.length > 0) {
    const aggregates = numbers.flatMap((index) => staging.cells[index] ?? []);
    parts.push(new NumberCells(aggregates, { source, output }));
  }
  for (const feature of sets) {
    const { input, filter } = staging.inputsOf[feature] ?? boxedInput;
    const codes = staging.codes[feature];
    if (codes) parts.push(new CodeSetCells({ source, output, codes, input, filter, feature }));
  }
  if (boxed.length > 0) parts.push(new BoxedCells(featuresOf(env, window, boxed)));
  return parts.length === 1 ? (parts[0] as Cells) : new CompositeCells(parts);
}

function featureAt(layout: ViewLayout, index: number): FeatureNode {
  const feature = layout.view.features[index];
  if (feature === undefined) throw new Error(`view "${layout.view.name}" has no feature ${index}`);
  return feature;
}

function featuresOf(
  { layout, staging, source, output }: WindowEnvironment,
  window: number,
  indexes: readonly number[],
): WindowFeatures {
  const node = layout.windows[window]?.node;
  const isSketched = node?.kind === 'rolling' && node.resolutionMs !== null;
  const members = indexes.map((index) => {
    const { aggregate } = featureAt(layout, index);
    const { input, filter } = staging.inputsOf[index] ?? boxedInput;
    const isExact = node?.kind === 'rolling' && node.resolutionMs === null;
    const keepsRecords = isExact || node?.kind === 'rollingRows';
    const isStaged = input !== isBoxedInput;
    const accumulator =
      aggregate.user === undefined
        ? createAccumulator(aggregate, isSketched, isStaged, keepsRecords)
        : userAccumulator(aggregate.user, (failure) => output.refuse(index, failure));
    const running = isExact ? createRunning(aggregate, accumulator) : null;
    return { index, accumulator, running, input, filter };
  });
  const put: PutValue = (feature, result) => output.put(feature, result);
  return { window, members, source, put };
}

const boxedInput = { input: isBoxedInput, filter: -1 };
