// Windows: sizes that fit together, the ttl, and the state that they will need.
import { formatDuration } from '../kernel/duration.ts';
import type { FeatureNode, ViewNode } from './plan.ts';
import type { Reporter } from './validate.ts';
import type { WindowNode } from './window.ts';

const dayMs = 86_400_000;
const slotsWorthWarning = 10_000;

export function validateWindow(view: ViewNode, feature: FeatureNode, report: Reporter): void {
  const path = `${view.name}.features.${feature.name}.window`;
  const { window } = feature;
  const fail = (message: string, fix?: string): void =>
    report.error(path, 'MR_DEFINITION_WINDOW', message, fix);
  for (const [name, ms] of sizesOf(window)) {
    if (!(Number.isInteger(ms) && ms > 0)) fail(`${name} must be longer than 0, not ${ms} ms`);
  }
  checkParts(window, fail);
  checkTtl(view, feature, report);
  warnOfState(window, path, report);
}

function sizesOf(window: WindowNode): readonly (readonly [string, number])[] {
  switch (window.kind) {
    case 'rolling':
      return [
        ['size', window.sizeMs],
        ...(window.resolutionMs === null ? [] : [['resolution', window.resolutionMs] as const]),
      ];
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

function checkParts(window: WindowNode, fail: (message: string, fix?: string) => void): void {
  const divides = (name: string, part: number, sizeMs: number): void => {
    if (part > 0 && sizeMs > 0 && sizeMs % part !== 0) {
      fail(
        `${name} ${formatDuration(part)} does not divide the size ${formatDuration(sizeMs)}`,
        `make the size ${formatDuration(Math.ceil(sizeMs / part) * part)} or choose another ${name}`,
      );
    }
  };
  if (window.kind === 'hopping') divides('every', window.everyMs, window.sizeMs);
  if (window.kind === 'cumulate') divides('step', window.stepMs, window.sizeMs);
  if (window.kind === 'rolling' && window.resolutionMs !== null)
    divides('resolution', window.resolutionMs, window.sizeMs);
  if (window.kind === 'rollingRows' && !(Number.isInteger(window.rows) && window.rows > 0)) {
    fail(`rows must be a whole number above 0, not ${window.rows}`);
  }
}

function checkTtl(view: ViewNode, feature: FeatureNode, report: Reporter): void {
  const sizeMs = 'sizeMs' in feature.window ? feature.window.sizeMs : null;
  if (view.ttlMs === null || sizeMs === null || sizeMs <= view.ttlMs) return;
  report.error(
    `${view.name}.features.${feature.name}.window`,
    'MR_DEFINITION_TTL',
    `the window of feature "${feature.name}" (${formatDuration(sizeMs)}) is longer than the ttl of view "${view.name}" (${formatDuration(view.ttlMs)}): values would expire before the window has passed`,
    `raise the ttl to at least ${formatDuration(sizeMs)} or shorten the window`,
  );
}

function warnOfState(window: WindowNode, path: string, report: Reporter): void {
  if (window.kind !== 'rolling') return;
  if (window.resolutionMs === null) {
    if (window.sizeMs <= 7 * dayMs) return;
    const resolution = formatDuration(
      Math.max(60_000, Math.round(window.sizeMs / 168 / 60_000) * 60_000),
    );
    report.warn(
      path,
      'MR_DEFINITION_STATE_SIZE',
      `an exact rolling window of ${formatDuration(window.sizeMs)} keeps every record of a key for that long`,
      `where a little coarser will do, add { resolution: '${resolution}' }: then state is a fixed number of slots`,
    );
    return;
  }
  const slots = window.sizeMs / window.resolutionMs + 1;
  if (slots > slotsWorthWarning) {
    report.warn(
      path,
      'MR_DEFINITION_STATE_SIZE',
      `the window keeps up to ${Math.round(slots)} slots per key`,
      'choose a coarser resolution',
    );
  }
}
