// What two runs left behind, compared by other people's code: DuckDB reads the feature logs; the
// online stores are exported; dead letters are lines.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { millrace } from 'millrace';
import { killConfig, viewNames } from './kill-project.ts';

export interface LogComparison {
  readonly view: string;
  readonly rows: number;
  /** Rows of the disturbed run that the undisturbed one does not have, and the reverse. */
  readonly extra: number;
  readonly missing: number;
  /** The first of each, as text. */
  readonly examples: readonly string[];
  /** Keys whose last rows differ. */
  readonly lastRowsDiffering: number;
}

const keys = { spend: 'user_id', sales: 'item_id', views: 'item_id' } as const;

export async function compareLogs(
  disturbed: string,
  undisturbed: string,
): Promise<readonly LogComparison[]> {
  const db = await (await DuckDBInstance.create()).connect();
  try {
    const found: LogComparison[] = [];
    for (const view of viewNames) {
      await load(db, 'actual', disturbed, view);
      await load(db, 'expected', undisturbed, view);
      const last = (table: string): string =>
        `SELECT * FROM ${table} QUALIFY row_number() OVER
          (PARTITION BY ${keys[view]} ORDER BY as_of DESC, _seq DESC) = 1`;
      found.push({
        view,
        rows: await one(db, 'SELECT count(*) FROM actual'),
        extra: await one(db, difference('FROM actual', 'FROM expected')),
        missing: await one(db, difference('FROM expected', 'FROM actual')),
        examples: [
          ...(await rowsOf(db, 'FROM actual', 'FROM expected')),
          ...(await rowsOf(db, 'FROM expected', 'FROM actual')),
        ],
        lastRowsDiffering: await one(db, difference(last('actual'), last('expected'))),
      });
    }
    return found;
  } finally {
    db.closeSync();
  }
}

function difference(left: string, right: string): string {
  return `SELECT count(*) FROM ((${left}) EXCEPT ALL (${right}))`;
}

/** The first two rows of the left that the right does not have. */
async function rowsOf(db: DuckDBConnection, left: string, right: string): Promise<string[]> {
  const found = await db.runAndReadAll(`(${left} EXCEPT ALL ${right}) ORDER BY ALL LIMIT 2`);
  return found.getRowObjectsJson().map((row) => JSON.stringify(row));
}

async function load(
  db: DuckDBConnection,
  table: string,
  folder: string,
  view: string,
): Promise<void> {
  await db.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * EXCLUDE (_arrival_time)
    FROM read_parquet('${folder}/log/${view}/*/*.parquet')`);
}

async function one(db: DuckDBConnection, sql: string): Promise<number> {
  return Number((await db.runAndReadAll(sql)).getRows()[0]?.[0]);
}

/** Lines of the stores that differ, by view. */
export async function compareStores(disturbed: string, undisturbed: string): Promise<number> {
  const [actual, expected] = await Promise.all([stored(disturbed), stored(undisturbed)]);
  const missing = [...expected].filter((line) => !actual.has(line)).length;
  return missing + [...actual].filter((line) => !expected.has(line)).length;
}

async function stored(folder: string): Promise<Set<string>> {
  const settings = { folder, parallelism: 1, backend: 'memory', ratePerSecond: null } as const;
  const app = await millrace(killConfig(settings));
  const lines = new Set<string>();
  for (const view of viewNames) {
    const out = join(folder, `${view}.jsonl`);
    await app.export(view, out);
    for (const line of readFileSync(out, 'utf8').trim().split('\n')) lines.add(`${view} ${line}`);
  }
  await app.close();
  return lines;
}

/** Dead letters by where they come from: each of them once. */
export function deadLetters(folder: string): readonly string[] {
  const path = join(folder, 'dead-letters');
  return readdirSync(path)
    .filter((name) => name.endsWith('.dlq.jsonl'))
    .flatMap((name) => readFileSync(join(path, name), 'utf8').trim().split('\n'))
    .map((line) => (JSON.parse(line) as { original_event_base64: string }).original_event_base64)
    .sort();
}
