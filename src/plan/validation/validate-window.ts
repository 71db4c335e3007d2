// Windows: sizes that fit together, the ttl, and the state that they will need.
import { formatDuration } from '../../kernel/duration.ts';
import type { FeatureNode, ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';
import { slotCount } from '../printing/state-notes.ts';
import type { RollingWindow, WindowNode } from '../window.ts';

type Fail = (message: string, fix?: string) => void;

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Exact rolling windows up to this long are taken as meant. */
const exactSizeMs = 7 * dayMs;
/** The slots of the resolution that a warning suggests. */
const suggestedSlots = 168;
const slotsWorthWarning = 10_000;

export function validateWindow(view: ViewNode, feature: FeatureNode, report: Reporter): void {
  const path = `${view.name}.features.${feature.name}.window`;
  const { window } = feature;
  const fail: Fail = (message, fix) => report.error(path, 'MR_DEFINITION_WINDOW', message, fix);
  const wrong = lengthsOf(window).filter(([, ms]) => !(Number.isSafeInteger(ms) && ms > 0));
  for (const [name] of wrong) {
    fail(`${name} must be longer than 0`, `for example ${name}: '10m'`);
  }
  if (wrong.length === 0) {
    checkParts(window, fail);
    checkBoundaries(window, path, report);
    if (window.kind === 'rolling') warnOfState(window, path, report);
  }
  checkTtl(view, feature, report);
  warnOfUnboundedState(feature, path, report);
}

/** The lengths of a window by the names that its options have. */
function lengthsOf(window: WindowNode): readonly (readonly [string, number])[] {
  switch (window.kind) {
    case 'rolling': {
      const { sizeMs, resolutionMs } = window;
      return [
        ['size', sizeMs],
        ...(resolutionMs === null ? [] : [['resolution', resolutionMs] as const]),
      ];
    }
    case 'hopping':
      return [
        ['size', window.sizeMs],
        ['every', window.everyMs],
      ];
    case 'cumulate':
      return [
        ['size', window.sizeMs],
        ['step', window.stepMs],
      ];
    case 'tumbling':
      return [['size', window.sizeMs]];
    case 'session':
      return [['gap', window.gapMs]];
    case 'rollingRows':
    case 'lifetime':
      return [];
  }
}

function checkParts(window: WindowNode, fail: Fail): void {
  switch (window.kind) {
    case 'hopping':
      return checkDivides('every', window.everyMs, window.sizeMs, fail);
    case 'cumulate':
      return checkDivides('step', window.stepMs, window.sizeMs, fail);
    case 'rolling':
      if (window.resolutionMs === null) return;
      return checkDivides('resolution', window.resolutionMs, window.sizeMs, fail);
    case 'rollingRows':
      if (Number.isSafeInteger(window.rows) && window.rows > 0) return;
      return fail(
        `rows must be a whole number above 0, not ${window.rows}`,
        'rolling({ rows: 20 })',
      );
    default:
  }
}

function checkDivides(name: string, partMs: number, sizeMs: number, fail: Fail): void {
  if (sizeMs % partMs === 0) return;
  const [part, size] = [formatDuration(partMs), formatDuration(sizeMs)];
  if (partMs > sizeMs) {
    return fail(
      `${name} ${part} is longer than the size ${size}`,
      `make ${name} a part of ${size}`,
    );
  }
  const fitting = formatDuration(Math.ceil(sizeMs / partMs) * partMs);
  fail(
    `${name} ${part} does not divide the size ${size}`,
    `make the size ${fitting} or choose another ${name}`,
  );
}

function checkBoundaries(window: WindowNode, path: string, report: Reporter): void {
  if (!('offsetMs' in window)) return;
  const { offsetMs, sizeMs, allowedLatenessMs } = window;
  if (allowedLatenessMs < 0) {
    const message = 'allowedLateness must not be below 0';
    report.error(path, 'MR_DEFINITION_WINDOW', message, 'leave it out for none');
  }
  if (Math.abs(offsetMs) < sizeMs) return;
  const same = formatDuration(offsetMs % sizeMs);
  const [offset, size] = [formatDuration(offsetMs), formatDuration(sizeMs)];
  report.warn(
    path,
    'MR_DEFINITION_WINDOW',
    `offset ${offset} is not shorter than the size ${size}`,
    offsetMs % sizeMs === 0 ? 'leave it out: it shifts nothing' : `offset: '${same}' is the same`,
  );
}

function checkTtl(view: ViewNode, feature: FeatureNode, report: Reporter): void {
  const sizeMs = 'sizeMs' in feature.window ? feature.window.sizeMs : null;
  if (view.ttlMs === null || sizeMs === null || sizeMs <= view.ttlMs) return;
  const window = `the window of feature "${feature.name}" (${formatDuration(sizeMs)})`;
  const ttl = `the ttl of view "${view.name}" (${formatDuration(view.ttlMs)})`;
  report.error(
    `${view.name}.features.${feature.name}.window`,
    'MR_DEFINITION_TTL',
    `${window} is longer than ${ttl}: values would expire before the window has passed`,
    `raise the ttl to at least ${formatDuration(sizeMs)} or shorten the window`,
  );
}

function warnOfState(window: RollingWindow, path: string, report: Reporter): void {
  const { sizeMs, resolutionMs } = window;
  if (resolutionMs === null) {
    if (sizeMs <= exactSizeMs) return;
    const resolution = formatDuration(coarse(sizeMs));
    report.warn(
      path,
      'MR_DEFINITION_STATE_SIZE',
      `an exact rolling window of ${formatDuration(sizeMs)} keeps every record of a key for that long`,
      `where a little coarser will do, add { resolution: '${resolution}' }: ` +
        `then a key keeps ${slotCount(sizeMs, coarse(sizeMs))} slots`,
    );
    return;
  }
  const slots = slotCount(sizeMs, resolutionMs);
  if (slots <= slotsWorthWarning) return;
  report.warn(
    path,
    'MR_DEFINITION_STATE_SIZE',
    `the window keeps up to ${slots} slots per key`,
    `choose a coarser resolution, such as '${formatDuration(coarse(sizeMs))}'`,
  );
}

/** The least whole number of minutes that divides the size into no more slots than suggested. */
function coarse(sizeMs: number): number {
  const leastMs = Math.ceil(sizeMs / suggestedSlots / minuteMs) * minuteMs;
  if (sizeMs % minuteMs !== 0) return sizeMs;
  let partMs = leastMs;
  while (sizeMs % partMs !== 0) partMs += minuteMs;
  return partMs;
}

function warnOfUnboundedState(feature: FeatureNode, path: string, report: Reporter): void {
  const { aggregate, window } = feature;
  if (window.kind !== 'lifetime') return;
  if (aggregate.fn !== 'countDistinct' && !aggregate.distinct) return;
  report.warn(
    path,
    'MR_DEFINITION_STATE_SIZE',
    `${aggregate.distinct ? 'a distinct ' : ''}${aggregate.fn} over all time keeps every value of a key for ever`,
    aggregate.distinct ? 'choose a rolling window' : 'use approxDistinct(x): 4 KB per key at most',
  );
}
