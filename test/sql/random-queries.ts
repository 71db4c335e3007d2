// Queries from a seed, of what is promised to run: every one of them is SQL that Flink takes, too. Values
// of the events are made so that sums of doubles are exact in any order.
import { type Random, seededRandom } from '../../src/kernel/random.ts';

const day = Date.UTC(2026, 0, 1, 10);

/** Events out of order, some late, with nulls, duplicates, and times at boundaries of windows. */
export function randomEvents(seed: number, count: number): readonly object[] {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random.next() * n);
  const maybe = <T>(value: T, share = 8): T | null => (below(share) === 0 ? null : value);
  return Array.from({ length: count }, (_, seq) => {
    const behind = below(20) === 0 ? 15_000 + below(90_000) : below(4000);
    const jump = seq > count / 2 ? 45_000 : 0;
    const ms = day + jump + seq * 1700 - behind;
    const ts = below(9) === 0 ? ms - (((ms % 10_000) + 10_000) % 10_000) : ms;
    return {
      seq,
      k: maybe(`u${below(5)}`, 30),
      c: maybe(['', 'abc', 'Hello World', 'x-y-z', 'ünï'][below(5)]),
      i: maybe(below(40) - 10),
      b: maybe(below(1000) - 100),
      d: maybe((below(400) - 100) / 4),
      p: maybe(((below(20_000) - 4000) / 100).toFixed(2)),
      f: maybe(below(2) === 0),
      ts,
    };
  });
}

export const eventsTable = (path: string): string => `CREATE TABLE ev (
  seq INT, k STRING, c STRING, i INT, b BIGINT, d DOUBLE, p DECIMAL(10, 2), f BOOLEAN, ts BIGINT,
  rt AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR rt AS rt - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json')`;

interface Typed {
  readonly sql: string;
  readonly type: string;
}

class QueryMaker {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  below(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  some<T>(of: readonly T[], most: number): readonly T[] {
    return of.filter(() => this.below(of.length) < most);
  }

  int(depth: number): string {
    if (depth <= 0) return this.one(['i', 'seq', '7', '-3', '0']);
    const [a, b] = [this.int(depth - 1), this.int(depth - 1)];
    return this.one([
      `(${a} + ${b})`,
      `(${a} - ${b})`,
      `(${a} * 3)`,
      `(${a} / 4)`,
      `(${a} / NULLIF(${b}, 0))`,
      `MOD(${a}, 7)`,
      `ABS(${a})`,
      `CHAR_LENGTH(${this.text(depth - 1)})`,
      `CASE WHEN ${this.bool(depth - 1)} THEN ${a} ELSE ${b} END`,
      `COALESCE(${a}, ${b}, 1)`,
      `CAST(${this.double(depth - 1)} AS INT)`,
      `POSITION('o' IN ${this.text(depth - 1)})`,
      `TIMESTAMPDIFF(SECOND, rt, TIMESTAMPADD(MINUTE, 2, rt))`,
      `TRY_CAST(${this.text(depth - 1)} AS INT)`,
      `SIGN(${a})`,
    ]);
  }

  bigint(depth: number): string {
    if (depth <= 0) return this.one(['b', 'CAST(i AS BIGINT)', 'b']);
    const [a, c] = [this.bigint(depth - 1), this.int(depth - 1)];
    return this.one([
      `(${a} + ${c})`,
      `(${a} / 3)`,
      `(${a} * ${this.one(['2', '-5'])})`,
      `COALESCE(${a}, ${c})`,
      'EXTRACT(MINUTE FROM rt)',
      'EXTRACT(SECOND FROM rt)',
      `CASE WHEN ${this.bool(depth - 1)} THEN ${a} END`,
    ]);
  }

  double(depth: number): string {
    if (depth <= 0) return this.one(['d', 'd', 'CAST(i AS DOUBLE)']);
    const [a, b] = [this.double(depth - 1), this.double(depth - 1)];
    return this.one([
      `(${a} + ${b})`,
      `(${a} - ${this.int(depth - 1)})`,
      `(${a} * 0.5)`,
      `(${a} / 4)`,
      `FLOOR(${a})`,
      `CEIL(${a})`,
      `ROUND(${a}, 1)`,
      `ROUND(${a})`,
      `ABS(${a})`,
      `COALESCE(${a}, ${b})`,
      `CASE WHEN ${this.bool(depth - 1)} THEN ${a} ELSE ${b} END`,
      `CAST(${this.decimal(depth - 1)} AS DOUBLE)`,
    ]);
  }

  decimal(depth: number): string {
    if (depth <= 0) return this.one(['p', 'p', 'CAST(i AS DECIMAL(8, 1))']);
    const a = this.decimal(depth - 1);
    return this.one([
      `(${a} + 1.5)`,
      `(${a} - i)`,
      `(p * 1.1)`,
      `(p / 3)`,
      `ROUND(p, 1)`,
      `FLOOR(p)`,
      `CEIL(p)`,
      `CAST(${a} AS DECIMAL(12, 3))`,
      `CAST(${this.double(depth - 1)} AS DECIMAL(10, 1))`,
    ]);
  }

  text(depth: number): string {
    if (depth <= 0) return this.one(['k', 'c', 'c', "'Zz'"]);
    const [a, b] = [this.text(depth - 1), this.text(depth - 1)];
    return this.one([
      `UPPER(${a})`,
      `LOWER(${a})`,
      `(${a} || '-' || ${b})`,
      `CONCAT(${a}, ${b})`,
      `SUBSTRING(${a}, 2)`,
      `SUBSTRING(${a} FROM 1 FOR 3)`,
      `REPLACE(${a}, 'l', 'LL')`,
      `TRIM(${a})`,
      `LPAD(${a}, 6, '*')`,
      `SPLIT_INDEX(${a}, '-', 1)`,
      `REGEXP_REPLACE(${a}, '[aeo]', '_')`,
      `COALESCE(${a}, 'none')`,
      `CAST(${this.int(depth - 1)} AS STRING)`,
      `CAST(${this.decimal(0)} AS STRING)`,
      `CAST(${this.bool(0)} AS STRING)`,
      `CAST(d AS STRING)`,
      `DATE_FORMAT(rt, 'yyyy-MM-dd HH:mm')`,
      `CAST(rt AS STRING)`,
      `CASE ${a} WHEN 'abc' THEN 'one' WHEN '' THEN 'none' ELSE ${b} END`,
      `INITCAP(${a})`,
      `REVERSE(${a})`,
      `NULLIF(${a}, 'abc')`,
    ]);
  }

  bool(depth: number): string {
    const [t, n] = [this.text(0), this.int(0)];
    if (depth <= 0) {
      return this.one(['f', 'd > 10', "c = 'abc'", 'i IS NULL', "k IN ('u1', 'u2')", 'b >= 0']);
    }
    const [a, b] = [this.bool(depth - 1), this.bool(depth - 1)];
    return this.one([
      `(${a} AND ${b})`,
      `(${a} OR ${b})`,
      `(NOT ${a})`,
      `${this.int(depth - 1)} BETWEEN -5 AND 20`,
      `${t} LIKE '%l%'`,
      `${t} LIKE '_b%'`,
      `${t} NOT LIKE 'H%d'`,
      `${n} IS DISTINCT FROM 7`,
      `(${a}) IS TRUE`,
      `(${a}) IS NOT FALSE`,
      `${this.double(depth - 1)} <= 0.5 + ${this.double(depth - 1)}`,
      `${this.decimal(depth - 1)} > 20`,
      `i IN (1, 2, 3, ${this.below(9)})`,
      "rt > TIMESTAMP '2026-01-01 10:02:00'",
    ]);
  }

  value(depth: number): Typed {
    const make = this.one(['int', 'bigint', 'double', 'decimal', 'text', 'bool'] as const);
    return { sql: this[make](depth), type: make };
  }

  aggregate(isOver: boolean): string {
    const filter = !isOver && this.below(3) === 0 ? ` FILTER (WHERE ${this.bool(1)})` : '';
    const depth = this.below(2);
    const call = this.one([
      'COUNT(*)',
      `COUNT(${this.value(depth).sql})`,
      `COUNT(DISTINCT ${this.one(['c', 'k', 'i'])})`,
      `SUM(${this.int(depth)})`,
      `SUM(b)`,
      `SUM(${this.double(0)})`,
      `SUM(p)`,
      `AVG(${this.int(depth)})`,
      `AVG(b)`,
      `AVG(${this.double(0)})`,
      `AVG(p)`,
      `MIN(${this.int(depth)})`,
      `MAX(${this.double(depth)})`,
      `MIN(p)`,
      `MAX(${this.text(0)})`,
      `MIN(rt)`,
    ]);
    return `${call}${filter}`;
  }

  aggregates(): readonly string[] {
    return Array.from({ length: 1 + this.below(4) }, (_, n) => {
      const call = this.aggregate(false);
      if (this.below(4) > 0) return `${call} AS a${n}`;
      return this.one([
        `COALESCE(CAST(${call} AS STRING), '-') || '!' AS a${n}`,
        `COUNT(*) * 2 + MAX(seq) AS a${n}`,
        `CASE WHEN COUNT(*) > 2 THEN 'many' ELSE 'few' END AS a${n}`,
      ]);
    });
  }

  where(): string {
    return this.below(2) === 0 ? '' : ` WHERE ${this.bool(2)}`;
  }

  keys(): readonly string[] {
    return this.one([['k'], ['k', 'c'], [], ['UPPER(c)'], ['i'], ['f', 'k'], ['MOD(seq, 3)']]);
  }

  rows(): string {
    const columns = Array.from(
      { length: 2 + this.below(4) },
      (_, n) => `${this.value(3).sql} AS e${n}`,
    );
    return `SELECT seq, ${columns.join(', ')} FROM ev${this.where()}`;
  }

  over(): string {
    const keys = this.one([
      'PARTITION BY k ',
      'PARTITION BY k, f ',
      '',
      'PARTITION BY MOD(seq, 2) ',
    ]);
    const frame = this.one([
      "RANGE BETWEEN INTERVAL '20' SECOND PRECEDING AND CURRENT ROW",
      "RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW",
      'ROWS BETWEEN 3 PRECEDING AND CURRENT ROW',
      'RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
      '',
    ]);
    const calls = Array.from(
      { length: 1 + this.below(3) },
      (_, n) => `${this.aggregate(true)} OVER w AS a${n}`,
    );
    return (
      `SELECT seq, ${this.value(1).sql} AS e, ${calls.join(', ')} FROM ev${this.where()} ` +
      `WINDOW w AS (${keys}ORDER BY rt ${frame})`
    );
  }

  windowed(): { readonly sql: string; readonly keys: readonly string[] } {
    const keys = this.keys();
    const isSession = this.below(6) === 0;
    const columns = isSession ? keys.filter((key) => /^\w+$/.test(key)) : keys;
    const partition = columns.length === 0 ? '' : ` PARTITION BY (${columns.join(', ')})`;
    const [size, step] = this.one([
      ['1', '30'],
      ['2', '20'],
      ['1', '10'],
    ] as const);
    const from = isSession
      ? `SESSION(TABLE ev${partition}, DESCRIPTOR(rt), INTERVAL '6' SECOND)`
      : this.one([
          `TUMBLE(TABLE ev, DESCRIPTOR(rt), INTERVAL '${step}' SECOND)`,
          `TABLE(TUMBLE(DATA => TABLE ev, TIMECOL => DESCRIPTOR(rt), SIZE => INTERVAL '${size}' MINUTE))`,
          `HOP(TABLE ev, DESCRIPTOR(rt), INTERVAL '${step}' SECONDS, INTERVAL '${size}' MINUTES)`,
          `CUMULATE(TABLE ev, DESCRIPTOR(rt), INTERVAL '${step}' SECOND, INTERVAL '${size}' MINUTE)`,
        ]);
    const names = columns.map((key, n) => (/^\w+$/.test(key) ? key : `${key} AS g${n}`));
    const select = [...names, 'window_start', 'window_end', ...this.aggregates()];
    const having = this.below(4) === 0 ? ' HAVING COUNT(*) > 1' : '';
    const groups = [...columns, 'window_start', 'window_end'];
    const sql =
      `SELECT ${select.join(', ')} FROM ${from}${this.where()} ` +
      `GROUP BY ${groups.join(', ')}${having}`;
    return { sql, keys: columns };
  }

  grouped(): string {
    const keys = this.keys();
    const names = keys.map((key, n) => (/^\w+$/.test(key) ? key : `${key} AS g${n}`));
    const group = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
    const having = keys.length > 0 && this.below(4) === 0 ? ' HAVING COUNT(*) > 2' : '';
    return `SELECT ${[...names, ...this.aggregates()].join(', ')} FROM ev${this.where()}${group}${having}`;
  }

  nested(): string {
    const size = this.one(['10', '20', '30']);
    const inner =
      `SELECT k, window_start, window_end, window_time, COUNT(*) AS n, SUM(d) AS s, MAX(i) AS m FROM ` +
      `TUMBLE(TABLE ev, DESCRIPTOR(rt), INTERVAL '${size}' SECOND) GROUP BY k, window_start, window_end, window_time`;
    return this.one([
      `SELECT k, n * 2 AS n2, s / n AS a, window_end FROM (${inner}) WHERE n > 1`,
      `SELECT window_start, window_end, SUM(n) AS n, MAX(s) AS s FROM TUMBLE(TABLE (${inner}), DESCRIPTOR(window_time), INTERVAL '1' MINUTE) GROUP BY window_start, window_end`.replace(
        `TABLE (${inner})`,
        'TABLE spend',
      ),
      `SELECT window_start, window_end, SUM(n) AS n, COUNT(*) AS ks FROM (${inner}) GROUP BY window_start, window_end`,
      `SELECT k, COUNT(*) AS windows, SUM(n) AS n, MAX(m) AS m FROM (${inner}) GROUP BY k`,
      `SELECT k, n + 1 AS n FROM (SELECT k, COUNT(*) AS n, SUM(i) AS s FROM ev GROUP BY k) WHERE n > 3`,
      `SELECT UPPER(k) AS k, s FROM (SELECT k, COUNT(*) AS n, SUM(i) AS s FROM ev GROUP BY k)`,
      'SELECT DISTINCT k, f FROM ev',
      `SELECT DISTINCT UPPER(c) AS u FROM ev${this.where()}`,
      `SELECT seq, n, n - LEAST(n, 2) AS more FROM (SELECT seq, COUNT(*) OVER (PARTITION BY k ORDER BY rt) AS n FROM ev) WHERE MOD(n, 2) = 0`,
      `SELECT k, window_start, window_end, seq FROM TUMBLE(TABLE ev, DESCRIPTOR(rt), INTERVAL '${size}' SECOND)${this.where()}`,
    ]);
  }
}

/** What the queries of `randomQuery` may read besides the events. */
export const viewOfSpend = `CREATE TEMPORARY VIEW spend AS SELECT k, window_start AS ws, window_end AS we, window_time, COUNT(*) AS n, SUM(d) AS s
FROM TUMBLE(TABLE ev, DESCRIPTOR(rt), INTERVAL '10' SECOND) GROUP BY k, window_start, window_end, window_time`;

/** The query of a seed; the same seed gives the same query. */
export function randomQuery(seed: number): string {
  const maker = new QueryMaker(seed);
  switch (maker.below(6)) {
    case 0:
      return maker.rows();
    case 1:
      return maker.over();
    case 2:
    case 3:
      return maker.windowed().sql;
    case 4:
      return maker.grouped();
    default:
      return maker.nested();
  }
}
