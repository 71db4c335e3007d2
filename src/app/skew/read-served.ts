// Rows of the serving log, the newest first, as many as are asked for. Lines that are not whole (the
// end of a process that died) are counted and passed over.
import { readFile } from 'node:fs/promises';
import { servingLogFiles } from '../../adapters/file/serving-log/serving-log.ts';
import { parseExactJson } from './json-value.ts';

export interface ServedRow {
  readonly time_ms: number;
  readonly now_ms: number;
  readonly request: string | null;
  readonly view: string;
  /** Name of the definitions that it was served by. */
  readonly definition: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly as_of_ms: number | null;
  readonly seq: number | null;
  readonly event_time_ms: number | null;
  readonly features: Readonly<Record<string, unknown>>;
}

export interface ReadServedOptions {
  readonly directory: string;
  readonly views: ReadonlySet<string>;
  /** By the wall's clock; the end is not included. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Rows of each view; older ones are left out. */
  readonly limit: number;
}

export interface ServedSample {
  readonly rows: ReadonlyMap<string, readonly ServedRow[]>;
  readonly unreadable: number;
}

export async function readServed(options: ReadServedOptions): Promise<ServedSample> {
  const { views, fromMs, toMs, limit } = options;
  const rows = new Map([...views].map((view) => [view, [] as ServedRow[]]));
  let unreadable = 0;
  for (const path of (await servingLogFiles(options.directory)).toReversed()) {
    if ([...rows.values()].every(({ length }) => length >= limit)) break;
    const text = await readFile(path, 'utf8');
    for (const line of text.split('\n').toReversed()) {
      if (line === '') continue;
      const row = parseRow(line);
      if (row === null) unreadable++;
      else if (row.time_ms >= fromMs && row.time_ms < toMs) {
        const known = rows.get(row.view);
        if (known !== undefined && known.length < limit) known.push(row);
      }
    }
  }
  return { rows, unreadable };
}

function parseRow(line: string): ServedRow | null {
  try {
    const row = parseExactJson(line) as Partial<ServedRow> | null;
    const isWhole =
      typeof row?.time_ms === 'number' &&
      typeof row.now_ms === 'number' &&
      typeof row.view === 'string' &&
      typeof row.definition === 'string' &&
      typeof row.key === 'object' &&
      typeof row.features === 'object';
    return isWhole ? (row as ServedRow) : null;
  } catch {
    return null;
  }
}
