// Random windows of every kind, small enough that records leave, windows empty and sessions end
// within a few dozen records. Sizes are in units: the whole case is scaled by one number.
import fc from 'fast-check';
import type { WindowNode } from '../../plan/window.ts';

/** Lengths that events are apart by as well, so that records sit exactly on the borders of windows. */
export const lengths: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 20, 40];
/** Lengths of dense cases: many records in few milliseconds. */
const denseLengths: readonly number[] = [1, 2, 3, 4];
const length = fc.constantFrom(...lengths);
const shortLength = fc.constantFrom(2, 3, 4, 6, 8, 12);

const served = fc.constantFrom<'complete' | 'open'>('complete', 'complete', 'complete', 'open');
const allowedLateness = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: length },
);
const offset = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-5, -1, 1, 3) },
);

function rolling(sizes: readonly number[]): fc.Arbitrary<WindowNode> {
  return fc
    .constantFrom(...sizes)
    .map((sizeMs) => ({ kind: 'rolling', sizeMs, resolutionMs: null }));
}

const rollingSlots: fc.Arbitrary<WindowNode> = fc
  .record({ resolutionMs: fc.constantFrom(1, 2, 3, 4, 8), slots: fc.integer({ min: 2, max: 6 }) })
  .map(({ resolutionMs, slots }) => ({
    kind: 'rolling',
    sizeMs: resolutionMs * slots,
    resolutionMs,
  }));

const rows: fc.Arbitrary<WindowNode> = fc
  .integer({ min: 1, max: 5 })
  .map((count) => ({ kind: 'rollingRows', rows: count }));

const tumbling: fc.Arbitrary<WindowNode> = fc
  .record({
    sizeMs: fc.constantFrom(2, 3, 4, 6, 8, 12, 20, 40),
    offsetMs: offset,
    serve: served,
    allowedLatenessMs: allowedLateness,
  })
  .map((window) => ({ kind: 'tumbling', ...window }));

const hopping: fc.Arbitrary<WindowNode> = fc
  .record({
    everyMs: shortLength,
    hops: fc.integer({ min: 1, max: 4 }),
    offsetMs: offset,
    serve: served,
    allowedLatenessMs: allowedLateness,
  })
  .map(({ hops, ...window }) => ({ kind: 'hopping', sizeMs: window.everyMs * hops, ...window }));

const cumulate: fc.Arbitrary<WindowNode> = fc
  .record({
    stepMs: shortLength,
    steps: fc.integer({ min: 1, max: 4 }),
    offsetMs: offset,
    allowedLatenessMs: allowedLateness,
  })
  .map(({ steps, ...window }) => ({ kind: 'cumulate', sizeMs: window.stepMs * steps, ...window }));

function session(gaps: readonly number[]): fc.Arbitrary<WindowNode> {
  return fc.constantFrom(...gaps).map((gapMs) => ({ kind: 'session', gapMs }));
}

/** Any window; rolling ones, the workhorse, more often. Dense: short ones. */
export function anyWindow(isDense: boolean): fc.Arbitrary<WindowNode> {
  const sizes = isDense ? denseLengths : lengths;
  return fc.oneof(
    { weight: 3, arbitrary: rolling(sizes) },
    { weight: 2, arbitrary: rollingSlots },
    { weight: 1, arbitrary: rows },
    { weight: 1, arbitrary: fc.constant<WindowNode>({ kind: 'lifetime' }) },
    { weight: 2, arbitrary: tumbling },
    { weight: 2, arbitrary: hopping },
    { weight: 1, arbitrary: cumulate },
    { weight: 1, arbitrary: session(sizes) },
  );
}

/** The window with every length multiplied. */
export function scaleWindow(window: WindowNode, unitMs: number): WindowNode {
  const scaled = Object.entries(window).map(([name, value]: [string, unknown]) => [
    name,
    name.endsWith('Ms') && typeof value === 'number' ? value * unitMs : value,
  ]);
  return Object.fromEntries(scaled) as WindowNode;
}
