// Windows as written → window nodes. What is unreadable is reported and replaced by something
// harmless, so that the rest of the definition can still be checked.
import type { ServedWindow, WindowKind, WindowNode } from '../../plan/window.ts';
import { checkOptions, fail, inside, readDuration, type Scope, show } from './scope.ts';
import type { Window } from '../window.ts';

type Options = Readonly<Record<string, unknown>>;

const hourMs = 3_600_000;

const boundaryOptions = { offset: true, allowedLateness: true } as const;
const knownOptions: Readonly<Record<WindowKind, Readonly<Record<string, true>>>> = {
  rolling: { size: true, resolution: true },
  rollingRows: { rows: true },
  lifetime: {},
  tumbling: { size: true, serve: true, ...boundaryOptions },
  hopping: { size: true, every: true, serve: true, ...boundaryOptions },
  cumulate: { size: true, step: true, ...boundaryOptions },
  session: { gap: true },
};

/** The plan's window; null, and a problem, when this is none. */
export function readWindow(scope: Scope, window: unknown): WindowNode | null {
  if (!isWindow(window)) {
    const message =
      window === undefined ? 'the window is missing' : `${show(window)} is not a window`;
    fail(
      scope,
      'MR_DEFINITION_WINDOW',
      message,
      "write .over(rolling('1h')), .over(lifetime()), …",
    );
    return null;
  }
  const { kind, options } = window;
  checkOptions(scope, options, knownOptions[kind]);
  return makeNode(scope, kind, options);
}

function isWindow(window: unknown): window is Window {
  return (
    typeof window === 'object' &&
    window !== null &&
    'kind' in window &&
    'options' in window &&
    Object.hasOwn(knownOptions, String(window.kind))
  );
}

function makeNode(scope: Scope, kind: WindowKind, options: Options): WindowNode {
  const length = (name: string): number => readLength(scope, kind, name, options);
  const serve = (): ServedWindow => readServe(scope, options);
  switch (kind) {
    case 'rolling': {
      const resolutionMs = readOption(scope, options, 'resolution');
      return { kind, sizeMs: length('size'), resolutionMs };
    }
    case 'rollingRows': {
      const { rows } = options;
      return { kind, rows: typeof rows === 'number' ? rows : Number.NaN };
    }
    case 'lifetime':
      return { kind };
    case 'tumbling':
      return { kind, sizeMs: length('size'), serve: serve(), ...readBoundaries(scope, options) };
    case 'hopping': {
      const lengths = { sizeMs: length('size'), everyMs: length('every') };
      return { kind, ...lengths, serve: serve(), ...readBoundaries(scope, options) };
    }
    case 'cumulate': {
      const lengths = { sizeMs: length('size'), stepMs: length('step') };
      return { kind, ...lengths, ...readBoundaries(scope, options) };
    }
    case 'session':
      return { kind, gapMs: length('gap') };
  }
}

/** A length that must be there. */
function readLength(scope: Scope, kind: WindowKind, name: string, options: Options): number {
  if (options[name] !== undefined) return readOption(scope, options, name) ?? hourMs;
  const fix = `give it as a duration: ${name === 'size' || name === 'gap' ? '' : `${name}: `}'10m'`;
  fail(scope, 'MR_DEFINITION_WINDOW', `${kind} needs "${name}"`, fix);
  return hourMs;
}

function readOption(scope: Scope, options: Options, name: string): number | null {
  return readDuration(inside(scope, name), options[name]);
}

function readBoundaries(
  scope: Scope,
  options: Options,
): { readonly offsetMs: number; readonly allowedLatenessMs: number } {
  const allowedLatenessMs = readOption(scope, options, 'allowedLateness') ?? 0;
  const { offset } = options;
  const isBack = typeof offset === 'string' && offset.startsWith('-');
  const ms = readDuration(inside(scope, 'offset'), isBack ? offset.slice(1) : offset) ?? 0;
  return { offsetMs: isBack && ms > 0 ? -ms : ms, allowedLatenessMs };
}

function readServe(scope: Scope, { serve = 'complete' }: Options): ServedWindow {
  if (serve === 'complete' || serve === 'open') return serve;
  const message = `serve must be 'complete' or 'open', not ${show(serve)}`;
  fail(inside(scope, 'serve'), 'MR_DEFINITION_WINDOW', message);
  return 'complete';
}
