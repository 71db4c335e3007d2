// What is wrong with a script is said before anything is opened: where, with a caret, and what to do.
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import { bindScript } from '../../src/sql/bind/bind-script.ts';

const table = `CREATE TABLE t (
  user_id STRING, amount DOUBLE, price DECIMAL(10, 2), qty INT, f FLOAT, pt AS PROCTIME(), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'blackhole');
`;

function errorOf(text: string): MillraceError {
  try {
    bindScript(text);
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('an error of SQL', () => {
  it('shows line, column and a caret under the place', () => {
    const { code, message, fix, context } = errorOf(`${table}SELECT user_id,\n  amnt\nFROM t`);
    expect(code).toBe('MR_SQL_NAME');
    expect(message).toBe('there is no column amnt, at line 6, column 3\n 6 |   amnt\n   |   ^');
    expect(fix).toBe('did you mean "amount"?');
    expect(context).toMatchObject({ line: 6, column: 3 });
  });

  it('counts characters, not code units', () => {
    const { context } = errorOf(`${table}SELECT '😀' AS a, nope FROM t`);
    expect(context).toMatchObject({ line: 5, column: 18 });
  });
});

const over = 'OVER (PARTITION BY user_id ORDER BY ts)';
const tumble = "FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)";

describe.each([
  [
    'MR_SQL_SYNTAX',
    [
      ['SELECT', 'an expression is expected where the text ends'],
      ['SELECT a FRM t', 'FROM is expected where t stands'],
      ["SELECT 'a FROM t", 'this text has no end'],
      ['SELECT `a FROM t', 'this name has no end'],
      ['SELECT "a" FROM t', 'names stand in'],
      ['SELECT a # b FROM t', '"#" is nothing of SQL'],
      ['SELECT (amount FROM t', '")" is expected where FROM stands'],
      ['SELECT amount FROM t t2 t3', '"t3" cannot stand here'],
      ['CREATE TABLE x (a INT WITH ()', '")" is expected where WITH stands'],
      [
        "SELECT amount FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL 'x' MINUTE)",
        "'x' is no number of minutes",
      ],
      ['SELECT CASE amount END FROM t', 'WHEN is expected where END stands'],
    ],
  ],
  [
    'MR_SQL_NAME',
    [
      ['SELECT amount FROM u', 'there is no table u'],
      ['SELECT x.amount FROM t', 'there is no column x.amount'],
      ['INSERT INTO u SELECT amount FROM t', 'there is no table u'],
      [
        'SELECT amount AS a, qty AS a, COUNT(*) OVER (ORDER BY ts) FROM t',
        'there are two columns a',
      ],
      ['SELECT SUM(amount) OVER w FROM t', 'there is no window w'],
      ['CREATE TABLE t (a INT)', 'there is a table t already'],
      ['CREATE TABLE x (a INT, a INT)', 'there are two columns a'],
      ['CREATE TABLE x (a INT, PRIMARY KEY (b) NOT ENFORCED)', 'there is no column b'],
    ],
  ],
  [
    'MR_SQL_TYPE',
    [
      ["SELECT amount FROM t WHERE amount = 'x'", 'DOUBLE and STRING have no common type'],
      ['SELECT amount FROM t WHERE amount', 'a condition is BOOLEAN, not DOUBLE'],
      ['SELECT SUM(user_id) FROM t GROUP BY user_id', 'SUM takes a number, not STRING'],
      ['SELECT amount FROM t GROUP BY user_id', 'this is neither grouped by nor aggregated'],
      ['SELECT UPPER(amount) FROM t', 'a STRING is needed, not DOUBLE'],
      ['SELECT amount FROM t WHERE SUM(amount) > 1', 'SUM is an aggregate'],
      [
        `SELECT user_id ${tumble.replace('ts)', 'amount)')} GROUP BY window_start, window_end`,
        'a window goes by the event time',
      ],
      ['CREATE TABLE x (a INT, WATERMARK FOR a AS a)', 'a is no event time'],
      [
        `SELECT COUNT(*) OVER (ORDER BY ts) FROM (SELECT ts, COUNT(*) ${over} AS n FROM t)`,
        'a window goes by the event time',
      ],
      ['CREATE TABLE x (a GEOMETRY)', 'GEOMETRY is no type that is read'],
    ],
  ],
  [
    'MR_SQL_REFUSED',
    [
      [
        'SELECT a.amount FROM t AS a JOIN t AS b ON a.user_id = b.user_id',
        'joins are no node of the plan yet',
      ],
      [`SELECT ROW_NUMBER() ${over} FROM t`, 'deduplication and top-N are no nodes'],
      [`SELECT LAG(amount, 1) ${over} FROM t`, 'LAG is no aggregate of the plan yet'],
      ['SELECT DISTINCT COUNT(*) FROM t', 'SELECT DISTINCT of results is no node of the plan'],
      ['SELECT amount FROM t ORDER BY amount', 'sorting and top-N are no nodes'],
      ['SELECT COUNT(*) FROM t LIMIT 5', 'LIMIT of results'],
      ['SELECT qty FROM t GROUP BY qty, GROUPING SETS ((qty), ())', 'grouping sets'],
      ['SELECT CAST(qty AS TINYINT) FROM t', 'CAST to TINYINT is not done'],
      ['SELECT amount FROM t UNION SELECT amount FROM t', 'UNION is no node of the plan'],
      ['SELECT amount % 2 FROM t', 'no remainder of DOUBLE'],
      ['SELECT CAST(amount AS DATE) FROM t', 'CAST of DOUBLE to DATE is not done here'],
      ['SELECT CURRENT_TIMESTAMP() FROM t', 'the wall clock'],
      ['SELECT pt FROM t', 'pt is processing time'],
      [
        `SELECT SUM(amount) FILTER (WHERE qty > 1) ${over} FROM t`,
        'FILTER does not stand with OVER',
      ],
      [
        `SELECT SUM(amount) ${over}, SUM(amount) OVER (ORDER BY ts) FROM t`,
        'a query has one OVER window',
      ],
      ['SELECT SUM(amount) OVER (ORDER BY amount) FROM t', 'a window goes by the event time'],
      [
        `SELECT user_id, COUNT(*) ${tumble} GROUP BY user_id`,
        'groups by window_start and window_end',
      ],
      ['SELECT FIRST_VALUE(amount) FROM t GROUP BY user_id', 'goes by arrival here'],
      ['SELECT STDDEV_POP(qty) FROM t GROUP BY user_id', 'is cut to INT'],
      ['SELECT COUNT(*) FROM t GROUP BY amount', 'rows are not grouped by float64'],
      ['SELECT ROUND(amount, qty) FROM t', 'the number of places is a whole number'],
      ['SELECT SUM(n) FROM (SELECT COUNT(*) AS n FROM t)', 'aggregates over rows that change'],
      [
        "SELECT window_start FROM HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)",
        'windows that overlap or grow',
      ],
      ["SET 'table.local-time-zone' = 'Europe/Berlin'", "is 'UTC'"],
      ["SET 'execution.runtime-mode' = 'batch'", "is 'streaming'"],
      ['ALTER TABLE t ADD a INT', 'ALTER is no statement that is run here'],
      [
        "SELECT amount FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MONTH)",
        'windows of months',
      ],
    ],
  ],
] as const)('%s', (code, cases) => {
  it.each(cases.map(([sql, message]) => [sql, message] as const))('%s', (sql, message) => {
    const error = errorOf(table + sql);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/, at line \d+, column \d+\n \d+ \|/);
    if (message !== 'a window goes by the event time') expect(error.code).toBe(code);
  });
});
