// The cases of test/fixtures/flink-parity as a user has them: their own .sql behind the setup, with
// files in place of topics. Which of them the engine refuses, and why, is written down here.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../fixtures/flink-parity/', import.meta.url);

/** Cases whose nodes the plan does not have, with what is said of them. */
export const refusedCases: Readonly<Record<string, string>> = {
  '08-lag': 'LAG is no aggregate of the plan yet',
  '09-interval-join': 'joins are no node of the plan yet',
  '10-interval-left-join': 'joins are no node of the plan yet',
  '11-temporal-join': 'joins are no node of the plan yet',
  '12-dedup-first-rowtime': 'deduplication and top-N are no nodes of the plan yet',
  '13-dedup-last-rowtime': 'deduplication and top-N are no nodes of the plan yet',
  '14-dedup-first-proctime': 'deduplication and top-N are no nodes of the plan yet',
  '15-topn': 'deduplication and top-N are no nodes of the plan yet',
  '16-topn-norank': 'deduplication and top-N are no nodes of the plan yet',
  '22-window-topn': 'deduplication and top-N are no nodes of the plan yet',
};

/** The case in which Flink loses records: see docs/adr/0003. */
export const differentCase = '21-tumble-offset';

/** Cases whose order within a key is Flink's, too. */
export const orderedCases: readonly string[] = ['17-group-agg-changelog', '24-scalar-nulls'];

export const caseNames: readonly string[] = readdirSync(folder)
  .filter((name) => /^(?!00).*\.sql$/.test(name))
  .map((name) => name.slice(0, -4))
  .sort();

/** The script of a case, on files. */
export function scriptOf(name: string): string {
  return `${onFiles(read('00-setup.sql'))}\n${read(`${name}.sql`)}`;
}

export interface ChangelogRow {
  readonly kind: string;
  readonly row: Readonly<Record<string, unknown>>;
}

export function expectedChangelog(name: string): readonly ChangelogRow[] {
  return read(`${name}.expected.jsonl`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ChangelogRow);
}

function read(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

const files: Readonly<Record<string, string>> = {
  parity_events: 'events.jsonl',
  parity_events_ontime: 'events_ontime.jsonl',
  parity_rates: 'rates.jsonl',
};

/** Options of topics as options of files; everything else stays as it is. */
function onFiles(sql: string): string {
  return sql.replaceAll(
    /WITH \('connector'='(?:upsert-)?kafka','topic'='(\w+)'[^)]*\)/g,
    (_, topic) => {
      const path = fileURLToPath(new URL(files[String(topic)] ?? '', folder));
      return `WITH ('connector'='filesystem','path'='${path}','format'='json')`;
    },
  );
}
