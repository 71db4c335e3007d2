// Where a command writes: results on stdout, everything else on stderr. With `--json` stdout holds
// exactly one JSON document, whatever happens.
import { toJsonText } from '../app/json-text.ts';

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof logLevels)[number];

export interface Terminal {
  readonly json: boolean;
  /** True when progress may redraw a line of stderr. */
  readonly canRedraw: boolean;
  /** A line of the result for people; nothing with `--json`. */
  print(text?: string): void;
  /** The result for machines; nothing without `--json`. */
  printJson(value: unknown): void;
  log(level: Exclude<LogLevel, 'silent'>, text: string): void;
  /** Text as it is, on stderr: for redrawing. Silent below level `info`. */
  draw(text: string): void;
}

/** The streams of a process, as far as a terminal needs them. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean };
}

export function createTerminal(
  options: { readonly json: boolean; readonly logLevel: LogLevel },
  streams: Streams,
): Terminal {
  const shows = (level: LogLevel): boolean =>
    logLevels.indexOf(level) <= logLevels.indexOf(options.logLevel);
  return {
    json: options.json,
    canRedraw: streams.err.isTTY === true && shows('info'),
    print(text = '') {
      if (!options.json) streams.out.write(`${text}\n`);
    },
    printJson(value) {
      if (options.json) streams.out.write(`${toJsonText(value)}\n`);
    },
    log(level, text) {
      if (shows(level)) streams.err.write(`${text}\n`);
    },
    draw(text) {
      if (shows('info')) streams.err.write(text);
    },
  };
}
