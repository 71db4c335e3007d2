// From a window of the plan to its state.
import { createAccumulator } from '../state/accumulators/create-accumulator.ts';
import { LifetimeState } from '../state/windows/lifetime-window.ts';
import { PaneState } from '../state/windows/pane-window.ts';
import { RollingRowsState, RollingWindowState } from '../state/windows/rolling-window.ts';
import { SessionState } from '../state/windows/session-window.ts';
import { SlotWindowState } from '../state/windows/slot-window.ts';
import type { ViewWindow, WindowFeatures } from '../state/windows/view-window.ts';
import type { ViewLayout, WindowLayout } from './view-layout.ts';

export function createWindow(layout: ViewLayout, window: WindowLayout): ViewWindow {
  const { node, decayMs } = window;
  const features = featuresOf(layout, window);
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

function featuresOf(layout: ViewLayout, { node, features }: WindowLayout): WindowFeatures {
  const isSketched = node.kind === 'rolling' && node.resolutionMs !== null;
  const accumulators = features.map((index) => {
    const feature = layout.view.features[index];
    if (feature === undefined)
      throw new Error(`view "${layout.view.name}" has no feature ${index}`);
    return createAccumulator(feature.aggregate, isSketched);
  });
  return { indexes: features, accumulators };
}
