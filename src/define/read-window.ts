// Windows as written → window nodes. What is unreadable is reported and replaced by something
// harmless, so that the rest of the definition can still be checked.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';
import type { ServedWindow, WindowNode } from '../plan/window.ts';
import { readDuration } from './read-duration.ts';
import type { Window } from './window.ts';

export type WindowProblemSink = (message: string, code: ErrorCode, fix?: string) => void;

const hourMs = 3_600_000;

/** The plan's window. */
export function readWindow(window: Window, report: WindowProblemSink): WindowNode {
  const { options } = window;
  const required = (name: string): number => {
    if (options[name] === undefined) {
      report(
        `${window.kind} needs "${name}"`,
        'MR_DEFINITION_WINDOW',
        `give it as a duration: ${name}: '10m'`,
      );
      return hourMs;
    }
    return duration(name) ?? hourMs;
  };
  const duration = (name: string): number | null =>
    readDuration(options[name], (message, fix) =>
      report(`${name}: ${message}`, 'MR_DEFINITION_DURATION', fix),
    );
  const optional = (name: string): number | null =>
    options[name] === undefined ? null : duration(name);
  const boundaries = (): { offsetMs: number; allowedLatenessMs: number } => ({
    offsetMs: readOffset(options['offset'], report),
    allowedLatenessMs: optional('allowedLateness') ?? 0,
  });
  switch (window.kind) {
    case 'rolling':
      return { kind: 'rolling', sizeMs: required('size'), resolutionMs: optional('resolution') };
    case 'rollingRows':
      return { kind: 'rollingRows', rows: Number(options['rows']) };
    case 'lifetime':
      return { kind: 'lifetime' };
    case 'tumbling':
      return {
        kind: 'tumbling',
        sizeMs: required('size'),
        serve: readServe(options, report),
        ...boundaries(),
      };
    case 'hopping':
      return {
        kind: 'hopping',
        sizeMs: required('size'),
        everyMs: required('every'),
        serve: readServe(options, report),
        ...boundaries(),
      };
    case 'cumulate':
      return {
        kind: 'cumulate',
        sizeMs: required('size'),
        stepMs: required('step'),
        ...boundaries(),
      };
    case 'session':
      return { kind: 'session', gapMs: required('gap') };
  }
}

function readOffset(offset: unknown, report: WindowProblemSink): number {
  if (offset === undefined) return 0;
  const isBack = typeof offset === 'string' && offset.startsWith('-');
  const ms = readDuration(isBack ? offset.slice(1) : offset, (message, fix) =>
    report(`offset: ${message}`, 'MR_DEFINITION_DURATION', fix),
  );
  return ms === null || ms === 0 ? 0 : isBack ? -ms : ms;
}

function readServe(
  options: Readonly<Record<string, unknown>>,
  report: WindowProblemSink,
): ServedWindow {
  const serve = options['serve'] ?? 'complete';
  if (serve === 'complete' || serve === 'open') return serve;
  report(
    `serve must be 'complete' or 'open', not ${JSON.stringify(serve)}`,
    'MR_DEFINITION_WINDOW',
  );
  return 'complete';
}
