// The recorded queries of a real Flink, run from their own text: every row, kind and value.
import { describe, expect, it } from 'vitest';
import { runSql } from '../../src/app/sql/run-sql.ts';
import { rowJson } from '../../src/app/sql/sql-row.ts';
import {
  caseNames,
  type ChangelogRow,
  differentCase,
  expectedChangelog,
  orderedCases,
  refusedCases,
  scriptOf,
} from './parity-cases.ts';

const style = { separator: 'T', decimals: 'text' } as const;

async function changelogOf(name: string): Promise<readonly ChangelogRow[]> {
  const rows: ChangelogRow[] = [];
  await runSql(scriptOf(name), {
    onRows: (columns, given) => {
      for (const { kind, values } of given) {
        const row = JSON.parse(rowJson(columns, values, style)) as ChangelogRow['row'];
        rows.push({ kind, row });
      }
    },
  });
  return rows;
}

/** Spreads are made otherwise: Flink's keeps less of them. */
const roughColumns = new Set(['sdp', 'sds', 'vp']);

/** Equal texts for equal rows: doubles to nine digits, spreads to four places. */
function textOf({ kind, row }: ChangelogRow): string {
  const values = Object.entries(row).map(([name, value]) => {
    if (typeof value !== 'number' || Number.isInteger(value)) return [name, value];
    return [name, roughColumns.has(name) ? value.toFixed(3) : Number(value.toPrecision(9))];
  });
  return JSON.stringify([kind, values]);
}

function byUser(rows: readonly ChangelogRow[]): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(rows, ({ row }) => String(row['user_id']));
  return Object.fromEntries([...groups].map(([user, own]) => [user, own.map(textOf)]));
}

const runnable = caseNames.filter((name) => refusedCases[name] === undefined);

describe('queries of a real Flink on the engine', () => {
  it('are run, but for those that are refused by name', () => {
    expect(caseNames).toHaveLength(24);
    expect(runnable).toHaveLength(14);
  });

  it.each(runnable.filter((name) => name !== differentCase))(
    "%s gives Flink's rows",
    async (name) => {
      const [ours, theirs] = [await changelogOf(name), expectedChangelog(name)];
      expect(ours.map(textOf).sort()).toEqual(theirs.map(textOf).sort());
      if (orderedCases.includes(name)) expect(byUser(ours)).toEqual(byUser(theirs));
    },
  );

  it('a window with an offset holds what Flink lost, and every record in time', async () => {
    const ours = await changelogOf(differentCase);
    for (const { row } of expectedChangelog(differentCase)) {
      const same = ours.filter((other) => other.row['window_end'] === row['window_end']);
      expect(same).toHaveLength(1);
      expect(Number(same[0]?.row['n'])).toBeGreaterThanOrEqual(Number(row['n']));
    }
  });

  it.each(Object.entries(refusedCases))('%s is refused: %s', async (name, reason) => {
    await expect(runSql(scriptOf(name))).rejects.toMatchObject({ code: 'MR_SQL_REFUSED' });
    await expect(runSql(scriptOf(name))).rejects.toThrow(reason);
    await expect(runSql(scriptOf(name))).rejects.toThrow(/line \d+, column \d+/);
  });
});
