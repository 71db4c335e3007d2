// Queries from files to files: the classic one, views, HAVING, groups that change, connectors.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runScript } from './run-script.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-sql-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, lines: readonly unknown[]): void {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(join(folder, name), `${texts.join('\n')}\n`);
}

/** All lines of the files in a folder that a query wrote. */
function written(name: string): readonly string[] {
  return readdirSync(join(folder, name))
    .flatMap((file) => readFileSync(join(folder, name, file), 'utf8').split('\n'))
    .filter((line) => line !== '');
}

const payments = `
CREATE TABLE payments (
  user_id STRING, amount DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'payments.jsonl', 'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601');
`;
const records = [
  { user_id: 'u1', amount: 10, ts: '2026-01-01T10:00:00Z' },
  { user_id: 'u2', amount: 5.5, ts: '2026-01-01T10:04:59.999Z' },
  { user_id: 'u1', amount: 2, ts: '2026-01-01T10:04:58Z' },
  { user_id: 'u1', amount: 7, ts: '2026-01-01T10:05:00Z' },
  { user_id: 'u1', amount: null, ts: '2026-01-01T10:06:00Z' },
  { user_id: 'u1', amount: 99, ts: '2026-01-01T10:00:01Z' },
];

describe('five-minute spend per user', () => {
  const query = `SELECT user_id, window_start, SUM(amount) AS total
    FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '5' MINUTES))
    GROUP BY user_id, window_start, window_end`;

  it('is Flink’s, late records left out', async () => {
    write('payments.jsonl', records);
    const { rows, summary } = await runScript(payments + query, folder);
    expect(rows).toEqual([
      '+I {"user_id":"u1","window_start":"2026-01-01T10:00:00","total":12.0}',
      '+I {"user_id":"u2","window_start":"2026-01-01T10:00:00","total":5.5}',
      '+I {"user_id":"u1","window_start":"2026-01-01T10:05:00","total":7.0}',
    ]);
    expect(summary).toMatchObject({ records_in: 6, late_records: 1, rows_out: 3 });
  });

  it('is the same in the older way to write it', async () => {
    write('payments.jsonl', records);
    const older = `SELECT user_id, TUMBLE_START(ts, INTERVAL '5' MINUTE) AS window_start, SUM(amount) AS total
      FROM payments GROUP BY TUMBLE(ts, INTERVAL '5' MINUTE), user_id`;
    const [ours, theirs] = [
      await runScript(payments + older, folder),
      await runScript(payments + query, folder),
    ];
    expect(ours.rows).toEqual(theirs.rows);
    expect(ours.rows).toHaveLength(3);
  });

  it('goes to files and is read from them by the next statement', async () => {
    write('payments.jsonl', records);
    const spend = `CREATE TABLE spend (user_id STRING, at TIMESTAMP(3), total DOUBLE)
      WITH ('connector' = 'filesystem', 'path' = 'spend', 'format' = 'json');`;
    const { rows } = await runScript(
      `${payments}${spend}INSERT INTO spend ${query}; SELECT COUNT(*) AS n, SUM(total) AS s FROM spend`,
      folder,
    );
    expect(written('spend')).toContain('{"user_id":"u2","at":"2026-01-01 10:00:00","total":5.5}');
    expect(rows.at(-1)).toBe('+U {"n":3,"s":24.5}');
  });

  it('goes to CSV, to print and to nowhere in one statement set', async () => {
    write('payments.jsonl', records);
    const sinks = `
      CREATE TABLE c (u STRING, t TIMESTAMP(3), s DOUBLE) WITH ('connector' = 'filesystem', 'path' = 'c', 'format' = 'csv');
      CREATE TABLE p (u STRING, t TIMESTAMP(3), s DOUBLE) WITH ('connector' = 'print');
      CREATE TABLE b (u STRING, t TIMESTAMP(3), s DOUBLE) WITH ('connector' = 'blackhole');`;
    const set = ['c', 'p', 'b'].map((name) => `INSERT INTO ${name} ${query};`).join('');
    const script = `${payments}${sinks} EXECUTE STATEMENT SET BEGIN ${set} END;`;
    const { printed, summary } = await runScript(script, folder);
    expect(written('c')).toContain('u1,"2026-01-01 10:00:00",12.0');
    expect(printed).toContain('+I[u1, 2026-01-01T10:05, 7.0]');
    expect(summary).toMatchObject({ queries: 3, rows_out: 9 });
  });
});

describe('rows', () => {
  it('pass through views and subqueries, filtered and computed', async () => {
    write('payments.jsonl', records);
    const view =
      'CREATE TEMPORARY VIEW big (who, twice) AS SELECT user_id, amount * 2 FROM payments WHERE amount > 6;';
    const query = "SELECT who || '!' AS w, twice FROM (SELECT * FROM big) AS b WHERE b.twice < 100";
    const { rows } = await runScript(payments + view + query, folder);
    expect(rows).toEqual(['+I {"w":"u1!","twice":20.0}', '+I {"w":"u1!","twice":14.0}']);
  });

  it('of CSV, with an event time from text and from seconds', async () => {
    write('a.csv', ['a;1;2026-01-01 10:00:00', 'b;2;2026-01-01 10:00:01']);
    const script = `CREATE TABLE a (k STRING, s BIGINT, t STRING, rt AS TO_TIMESTAMP(t), lt AS TO_TIMESTAMP_LTZ(s, 0),
      WATERMARK FOR rt AS rt) WITH ('connector' = 'filesystem', 'path' = 'a.csv', 'format' = 'csv', 'csv.field-delimiter' = ';');
      SELECT k, rt FROM a`;
    const { rows } = await runScript(script.replace(' lt AS TO_TIMESTAMP_LTZ(s, 0),', ''), folder);
    expect(rows).toEqual([
      '+I {"k":"a","rt":"2026-01-01T10:00:00"}',
      '+I {"k":"b","rt":"2026-01-01T10:00:01"}',
    ]);
  });

  it('of one time within an OVER window keep their own columns', async () => {
    write('payments.jsonl', [
      { user_id: 'u', amount: 1, ts: '2026-01-01T10:00:00Z' },
      { user_id: 'u', amount: 2, ts: '2026-01-01T10:00:00Z' },
      { user_id: 'v', amount: 4, ts: '2026-01-01T10:00:00Z' },
      { user_id: 'u', amount: 8, ts: '2026-01-01T09:59:59Z' },
    ]);
    const { rows } = await runScript(
      `${payments}SELECT amount, SUM(amount) OVER w AS s FROM payments
       WINDOW w AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW)`,
      folder,
    );
    expect([...rows].sort()).toEqual([
      '+I {"amount":1.0,"s":11.0}',
      '+I {"amount":2.0,"s":11.0}',
      '+I {"amount":4.0,"s":4.0}',
      '+I {"amount":8.0,"s":8.0}',
    ]);
  });

  it('may be computed from columns and aggregates together', async () => {
    write('payments.jsonl', records.slice(0, 4));
    const { rows } = await runScript(
      `${payments}SELECT user_id || '?' AS who, amount - AVG(amount) OVER (PARTITION BY user_id ORDER BY ts) AS above FROM payments`,
      folder,
    );
    expect([...rows].sort()).toEqual(
      [
        '+I {"who":"u1?","above":-4.0}',
        '+I {"who":"u1?","above":0.666666666666667}',
        '+I {"who":"u1?","above":0.0}',
        '+I {"who":"u2?","above":0.0}',
      ].sort(),
    );
    const groups = await runScript(
      `${payments}SELECT user_id || ':' || CASE WHEN COUNT(*) > 1 THEN 'many' ELSE 'one' END AS w FROM payments GROUP BY user_id`,
      folder,
    );
    expect(groups.rows.at(-1)).toBe('+U {"w":"u1:many"}');
  });

  it('that cannot be read are counted, and the first is told', async () => {
    write('payments.jsonl', [
      '{"user_id":"u1","amount":"x","ts":"2026-01-01T10:00:00Z"}',
      'nonsense',
      records[0],
    ]);
    const { rows, summary, notices } = await runScript(
      `${payments}SELECT user_id FROM payments`,
      folder,
    );
    expect(rows).toEqual(['+I {"user_id":"u1"}']);
    expect(summary).toMatchObject({ records_in: 3, dead_letters: 2 });
    expect(notices).toEqual([expect.stringContaining('MR_DATA_TYPE')]);
  });
});

describe('tables', () => {
  it('like others, with hints, defaults of views and LIMIT', async () => {
    write('payments.jsonl', records);
    write('more.jsonl', [{ user_id: 'u9', amount: 1, ts: '2026-01-01T10:00:00Z' }]);
    const script = `CREATE TABLE IF NOT EXISTS more WITH ('path' = 'nowhere') LIKE payments (INCLUDING ALL);
      SELECT user_id, amount FROM more /*+ OPTIONS('path' = 'more.jsonl') */ UNION ALL SELECT user_id, amount FROM payments WHERE amount > 50;
      SELECT user_id FROM payments LIMIT 2`;
    const { rows } = await runScript(payments + script, folder);
    expect(rows).toEqual([
      '+I {"user_id":"u9","amount":1.0}',
      '+I {"user_id":"u1","amount":99.0}',
      '+I {"user_id":"u1"}',
      '+I {"user_id":"u2"}',
    ]);
  });

  it('of Parquet are written and read again', async () => {
    write('payments.jsonl', records);
    const script = `CREATE TABLE sums (u STRING, w TIMESTAMP(3), s DOUBLE, n BIGINT, p DECIMAL(12, 2), d DATE, b BOOLEAN)
        WITH ('connector' = 'filesystem', 'path' = 'sums', 'format' = 'parquet');
      INSERT INTO sums SELECT user_id, window_end, SUM(amount), COUNT(*), CAST(SUM(amount) AS DECIMAL(12, 2)), CAST(window_end AS DATE), COUNT(*) > 1
        FROM TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '5' MINUTES) GROUP BY user_id, window_start, window_end;
      SELECT * FROM sums;`;
    const { rows } = await runScript(payments + script, folder);
    expect([...rows].sort()).toEqual([
      '+I {"u":"u1","w":"2026-01-01T10:05:00","s":12.0,"n":2,"p":"12.00","d":"2026-01-01","b":true}',
      '+I {"u":"u1","w":"2026-01-01T10:10:00","s":7.0,"n":2,"p":"7.00","d":"2026-01-01","b":true}',
      '+I {"u":"u2","w":"2026-01-01T10:05:00","s":5.5,"n":1,"p":"5.50","d":"2026-01-01","b":false}',
    ]);
  });

  it('as the results of a query, described and shown', async () => {
    write('payments.jsonl', records);
    const script = `CREATE TABLE big WITH ('connector' = 'print') AS SELECT user_id, amount / 4 AS q FROM payments WHERE amount >= 7;
      SHOW TABLES; DESCRIBE payments; DROP TABLE IF EXISTS nothing; SET execution.checkpointing.mode = AT_LEAST_ONCE;`;
    const { printed, notices } = await runScript(payments + script, folder);
    expect(printed).toEqual([
      ...['big', 'payments', 'user_id STRING', 'amount DOUBLE'],
      'ts TIMESTAMP(3) ROWTIME, 5000 ms behind',
      ...['+I[u1, 2.5]', '+I[u1, 1.75]', '+I[u1, 24.75]'],
    ]);
    expect(notices.join()).toContain('execution.checkpointing.mode');
  });
});

describe('values', () => {
  const t = `CREATE TABLE t (a INT, b INT, s STRING, l ARRAY<INT>, r ROW<x INT, y ROW<z STRING>>)
    WITH ('connector' = 'filesystem', 'path' = 't.jsonl', 'format' = 'json');`;
  const valuesOf = async (expressions: string): Promise<readonly string[]> =>
    (await runScript(`${t} SELECT ${expressions} FROM t`, folder)).rows;

  it('that cannot be computed fail the query, but not where nobody wants them', async () => {
    write('t.jsonl', [
      { a: 7, b: 2, s: '12' },
      { a: 7, b: 0, s: 'x' },
    ]);
    await expect(valuesOf('a / b AS q')).rejects.toMatchObject({ code: 'MR_SQL_VALUE' });
    await expect(valuesOf('CAST(s AS INT) AS q')).rejects.toThrow("'x' is no INT");
    expect(await valuesOf('CASE WHEN b <> 0 THEN a / b END AS q, TRY_CAST(s AS INT) AS n')).toEqual(
      ['+I {"q":3,"n":12}', '+I {"q":null,"n":null}'],
    );
    const { rows } = await runScript(
      `${t} SELECT a / b AS q FROM t WHERE b <> 0 AND a / b > 2`,
      folder,
    );
    expect(rows).toEqual(['+I {"q":3}']);
  });

  it('have parts', async () => {
    write('t.jsonl', [{ a: 1, l: [5, 6], r: { x: 3, y: { z: 'deep' } } }]);
    expect(
      await valuesOf('l[2] + 1 AS i, l[9] AS n, t.r.x AS x, r.y.z AS z, CARDINALITY(l) AS c'),
    ).toEqual(['+I {"i":7,"n":null,"x":3,"z":"deep","c":2}']);
  });

  it('are refused as null where a table has none', async () => {
    write('t.jsonl', [{ a: null, s: 'x' }]);
    const script = `${t} CREATE TABLE o (a INT NOT NULL) WITH ('connector' = 'print'); INSERT INTO o SELECT a FROM t`;
    await expect(runScript(script, folder)).rejects.toThrow('column a of table o is NOT NULL');
  });
});

describe('groups', () => {
  it('change: a row is taken back before the new one, and HAVING lets both through or neither', async () => {
    write('payments.jsonl', records.slice(0, 4));
    const query = 'SELECT user_id, COUNT(*) AS n FROM payments GROUP BY user_id';
    const all = await runScript(payments + query, folder);
    expect(all.rows).toEqual([
      '+I {"user_id":"u1","n":1}',
      '+I {"user_id":"u2","n":1}',
      '-U {"user_id":"u1","n":1}',
      '+U {"user_id":"u1","n":2}',
      '-U {"user_id":"u1","n":2}',
      '+U {"user_id":"u1","n":3}',
    ]);
    const having = await runScript(`${payments}${query} HAVING COUNT(*) >= 2`, folder);
    expect(having.rows).toEqual([
      '+U {"user_id":"u1","n":2}',
      '-U {"user_id":"u1","n":2}',
      '+U {"user_id":"u1","n":3}',
    ]);
  });

  it('that change are refused by files', async () => {
    const script = `${payments}CREATE TABLE f (u STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'f', 'format' = 'json');
      INSERT INTO f SELECT user_id, COUNT(*) FROM payments GROUP BY user_id`;
    await expect(runScript(script, folder)).rejects.toMatchObject({ code: 'MR_SQL_REFUSED' });
  });
});

describe('options of tables', () => {
  const select = 'SELECT a FROM t';
  it.each([
    ["'connector' = 'jdbc'", "'connector' is 'jdbc', which is not read here"],
    ["'connector' = 'filesystem', 'format' = 'json'", "table t has no option 'path'"],
    ["'connector' = 'filesystem', 'path' = 'x', 'format' = 'orc'", "'format' is 'orc'"],
    [
      "'connector' = 'filesystem', 'path' = 'x', 'format' = 'json', 'pth' = 'y'",
      "'pth' is no option here",
    ],
    [
      "'connector' = 'filesystem', 'path' = 's3://b/x', 'format' = 'json'",
      'is not in this file system',
    ],
    ["'connector' = 'print'", 'table t can be written to, not read'],
    ["'connector' = 'upsert-kafka'", 'versioned tables are no node of the plan yet'],
    [
      "'connector' = 'kafka', 'topic' = 'x', 'format' = 'json'",
      "no option 'properties.bootstrap.servers'",
    ],
  ])('%s', async (options, message) => {
    const script = `CREATE TABLE t (a STRING) WITH (${options}); ${select}`;
    await expect(runScript(script, folder)).rejects.toThrow(message);
    await expect(runScript(script, folder)).rejects.toThrow(/line \d+, column \d+/);
  });
});
