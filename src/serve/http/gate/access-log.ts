// One line per request, as JSON, by pino. A line says which route, not which URL: keys stand in URLs
// and values in bodies, and neither belongs into a log.
import { destination, pino } from 'pino';

/** What a line says. */
export interface AccessLine {
  readonly method: string;
  /** The route's pattern: `/v1/features/*`. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  readonly bytes: number;
  /** Name of the caller's grant; empty without tokens. */
  readonly caller: string;
  readonly requestId: string | null;
}

/** Takes a line per request. */
export interface AccessLog {
  write(line: AccessLine): void;
  close(): void;
}

const requestIdMax = 128;

/** Writes to a file (appended), or to standard error as `-`; lines are gathered for up to a second. */
export function openAccessLog(path: string): AccessLog {
  const target = destination({
    dest: path === '-' ? 2 : path,
    sync: false,
    minLength: 4096,
    periodicFlush: 1000,
    mkdir: true,
  });
  const logger = pino({ base: null, level: 'info' }, target);
  return {
    write({ requestId, caller, ...line }) {
      logger.info({
        ...line,
        ms: Math.round(line.ms * 1000) / 1000,
        ...(caller === '' ? {} : { caller }),
        ...(requestId === null ? {} : { request_id: requestId.slice(0, requestIdMax) }),
      });
    },
    close() {
      try {
        target.flushSync();
      } catch {
        // Nothing was opened yet, or there is no room: the log is not worth a failing stop.
      }
      if (path !== '-') target.end();
    },
  };
}
