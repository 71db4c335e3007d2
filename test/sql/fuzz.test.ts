// Queries from seeds bind; texts made of broken pieces never do worse than an error with its place.
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import { type Random, seededRandom } from '../../src/kernel/random.ts';
import { bindScript } from '../../src/sql/bind/bind-script.ts';
import { eventsTable, randomQuery, viewOfSpend } from './random-queries.ts';

const setup = `${eventsTable('events.jsonl')};\n${viewOfSpend};\n`;

/** Null when it binds; the error's code with its place when it is ours; else what was thrown. */
function outcomeOf(text: string): unknown {
  try {
    bindScript(text);
    return null;
  } catch (error) {
    const isOurs = error instanceof MillraceError && /^MR_SQL_/.test(error.code);
    const isPlaced = isOurs && typeof error.context['line'] === 'number';
    return isPlaced && /at line \d+, column \d+\n/.test(error.message) ? error.code : error;
  }
}

const pieces = (
  "SELECT FROM WHERE GROUP BY HAVING OVER PARTITION ORDER ( ) , . * + - / % = <> < >= || => [ ] ; ' ` " +
  "CASE WHEN THEN ELSE END NULL TRUE NOT IN BETWEEN LIKE IS DISTINCT CAST AS INT DECIMAL(10,2) '5' INTERVAL MINUTE " +
  'TUMBLE HOP SESSION CUMULATE TABLE DESCRIPTOR rt k d i p ev spend 1 0.5 1e3 COUNT(*) SUM(d) MAX(i) window_start ' +
  'CREATE VIEW INSERT INTO WITH SET UNION ALL JOIN ROW ARRAY MAP EXTRACT TRIM /*+ OPTIONS */ -- /* */ EXPLAIN DROP'
).split(' ');

/** The text with some of its words taken away, doubled, or replaced by others. */
function broken(text: string, random: Random): string {
  const words = text.split(/(?<=\W)|(?=\W)/);
  const below = (n: number): number => Math.floor(random.next() * n);
  for (let n = 1 + below(4); n > 0; n--) {
    const at = below(words.length);
    const piece = pieces[below(pieces.length)] as string;
    const change = [
      [],
      [words[at] as string, ` ${piece} `],
      [piece],
      [words[below(words.length)] as string],
    ];
    words.splice(at, 1, ...(change[below(change.length)] as readonly string[]));
  }
  return words.join('');
}

describe('SQL from a seed', () => {
  it('binds: each query is one of those that are promised', () => {
    for (let seed = 1; seed <= 120; seed++) {
      const query = randomQuery(seed);
      expect([query, outcomeOf(setup + query)]).toEqual([query, null]);
    }
  });

  it('that is broken gives an error of ours with line and column, or binds', () => {
    const random = seededRandom(7);
    const counts = new Map<unknown, number>();
    for (let seed = 1; seed <= 500; seed++) {
      const text = setup + broken(randomQuery(seed % 200), random);
      const outcome = outcomeOf(text);
      if (outcome !== null && typeof outcome !== 'string')
        throw new Error(text, { cause: outcome });
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    for (const code of ['SYNTAX', 'NAME', 'TYPE', 'REFUSED']) {
      expect(counts.get(`MR_SQL_${code}`)).toBeGreaterThan(3);
    }
  });
});
