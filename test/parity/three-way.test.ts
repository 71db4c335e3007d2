// What was served, what a training set holds at that instant, and what DuckDB says: three numbers for
// each of 300,000 served rows of real flights that came out of order, and of other data. Exact kinds
// are equal, floats within 1e-9, sketches within their stated error. Part of `npm run test:services`;
// without services it takes fewer. MR_FLIGHTS says how many flights: 3000000 are all.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import {
  approxDistinct,
  avg,
  count,
  defineConfig,
  entity,
  featureView,
  hopping,
  last,
  max,
  millrace,
  min,
  quantile,
  rolling,
  stddev,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withServices } from '../integration/service.ts';

const flightCount = Number(process.env['MR_FLIGHTS'] ?? (withServices ? 400_000 : 40_000));
const labelCount = Math.min(300_000, flightCount * 0.75);
const hour = 3_600_000;
const flightsFile = resolve(
  dirname(fileURLToPath(import.meta.resolve('vega-datasets'))),
  '../data/flights-3m.parquet',
);

const place = entity('place', { key: { origin: t.string(), kind: t.int64().nullable() } });
const events = stream('events', {
  schema: {
    n: t.int32(),
    ts: t.timestamp(),
    origin: t.string(),
    kind: t.int64().nullable(),
    delay: t.int32().nullable(),
    miles: t.float64(),
    other: t.string(),
  },
  eventTime: { field: 'ts', outOfOrderness: '1h', maxAhead: 'off' },
  id: 'n',
});
const view = featureView('delays', {
  entity: place,
  from: events,
  emit: 'watermark',
  features: (e) => ({
    n_1h: count().over(rolling('1h')),
    known_3h: count(e.delay).over(rolling('3h')),
    sum_3h: sum(e.delay).over(rolling('3h')),
    min_3h: min(e.delay).over(rolling('3h')),
    max_24h: max(e.delay).over(rolling('24h')),
    late_3h: count().where(e.delay.gt(15)).over(rolling('3h')),
    newest_24h: last(e.other).over(rolling('24h')),
    n_hour: count().over(tumbling('1h')),
    sum_4h_by_1h: sum(e.delay).over(hopping('4h', { every: '1h' })),
    avg_24h: avg(e.delay).over(rolling('24h')),
    miles_3h: sum(e.miles).over(rolling('3h')),
    spread_24h: stddev(e.miles).over(rolling('24h')),
    kinds_24h: approxDistinct(e.other).over(rolling('24h', { resolution: '1h' })),
    p90_24h: quantile(e.miles, 0.9).over(rolling('24h', { resolution: '1h' })),
  }),
  derive: (f) => ({ share: f.late_3h.div(f.known_3h) }),
});

const exact = [
  ...['n_1h', 'known_3h', 'sum_3h', 'min_3h', 'max_24h', 'late_3h'],
  ...['newest_24h', 'n_hour', 'sum_4h_by_1h'],
];
const floats = ['avg_24h', 'miles_3h', 'spread_24h', 'share'];
const sketches = ['kinds_24h', 'p90_24h'];
const all = [...exact, ...floats, ...sketches];

let folder: string;
let db: DuckDBConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-three-way-'));
  db = await (await DuckDBInstance.create()).connect();
});

afterAll(() => {
  db.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function one(sql: string): Promise<number> {
  return Number((await db.runAndReadAll(sql)).getRows()[0]?.[0]);
}

/** Real flights, some delays removed. */
const flightEvents = `SELECT (row_number() OVER ())::INTEGER AS n, epoch_ms(date) AS ts, origin,
    CASE WHEN hash(origin, 3) % 4 = 0 THEN NULL ELSE hash(destination) % 2 END::BIGINT AS kind,
    CASE WHEN hash(rowid) % 20 = 0 THEN NULL ELSE delay::INTEGER END AS delay,
    (distance * 1.1)::DOUBLE AS miles, destination AS other
  FROM (SELECT *, row_number() OVER () AS rowid FROM read_parquet('${flightsFile}') LIMIT ${flightCount})`;

/** Few keys, bursts, long gaps, many equal instants, keys and texts that are not ASCII. */
const otherEvents = `SELECT i::INTEGER AS n,
    (1700000000000 + floor(i / 40) * 7200000 + (hash(i, 1) % 900) * 1000)::BIGINT AS ts,
    'Ort ' || chr(200 + (hash(i, 2) % 3)::INTEGER) AS origin,
    CASE WHEN hash(i, 4) % 3 = 0 THEN NULL ELSE (hash(i, 4) % 2)::BIGINT - 1 END AS kind,
    CASE WHEN hash(i, 5) % 3 = 0 THEN NULL ELSE (hash(i, 5) % 2001)::INTEGER - 1000 END AS delay,
    (hash(i, 6) % 100000) / 7.0::DOUBLE AS miles, 'w' || (hash(i, 7) % 500) AS other
  FROM range(60000) r(i)`;

const config = (data: string) =>
  defineConfig({
    project: 'three',
    definitions: [{ view }],
    environments: {
      local: {
        streams: { events: file(join(folder, `${data}.parquet`)) },
        online: memoryStore(),
        offline: featureLog(join(folder, data)),
        deadLetters: join(folder, 'dead-letters'),
      },
    },
  });

/** Runs the engine over events up to 59 minutes out of order, and trains at instants of served rows. */
async function serveAndTrain(data: string, sql: string): Promise<number> {
  const path = (name: string): string => join(folder, `${data}${name}.parquet`);
  await db.run(`CREATE OR REPLACE TABLE events AS ${sql}`);
  await db.run(`COPY (SELECT n, make_timestamp_ms(ts) AS ts, origin, kind, delay, miles, other
    FROM events ORDER BY ts + (hash(n, 7) % 3540000)::BIGINT, n) TO '${path('')}' (FORMAT parquet)`);
  const app = await millrace(config(data), { env: 'local' });
  const summary = await app.run({ untilEnd: true });
  expect(summary).toMatchObject({ late_records: 0, dead_letters: 0 });
  // The newest version of an instant: rows at the end of the input hold more than had happened.
  const served = all.map((name) => `${name} AS served_${name}`).join(', ');
  const endMs = await one('SELECT max(ts) - 3600000 FROM events');
  await db.run(`COPY (SELECT row_number() OVER () AS label, origin, kind, as_of AS event_timestamp,
      epoch_ms(as_of) - epoch_ms(event_time) AS served_age, ${served}
    FROM (SELECT * FROM read_parquet('${join(folder, data)}/delays/*/*.parquet')
      WHERE epoch_ms(as_of) < ${endMs}
      QUALIFY row_number() OVER (PARTITION BY origin, kind, as_of ORDER BY _seq DESC) = 1)
    USING SAMPLE reservoir(${labelCount} ROWS) REPEATABLE (7)) TO '${path('-labels')}' (FORMAT parquet)`);
  for (const mode of ['recompute', 'logged'] as const) {
    const options = { views: [view], entities: path('-labels'), out: path(`-${mode}`), mode };
    await app.train(options);
    await db.run(
      `CREATE OR REPLACE TABLE ${mode} AS SELECT * FROM read_parquet('${path(`-${mode}`)}')`,
    );
  }
  await app.close();
  await db.run(`CREATE OR REPLACE TABLE duckdb AS ${answers(path('-labels'))}`);
  await db.run(`CREATE OR REPLACE TABLE nineties AS ${nineties(path('-labels'))}`);
  return one('SELECT count(*) FROM recompute');
}

/** DuckDB's answer for each label: frames over the events and the labels together. */
function answers(labels: string): string {
  const only = (aggregate: string): string => `${aggregate} FILTER (WHERE label IS NULL)`;
  const frame = (hours: number): string => `(PARTITION BY origin, kind ORDER BY ts
    RANGE BETWEEN ${hours * hour} PRECEDING AND CURRENT ROW)`;
  // A resolution widens the window to whole hours: it begins at the hour that τ − 24 h is in.
  const coarse = `(PARTITION BY origin, kind ORDER BY ts
    RANGE BETWEEN (ts - (ts - ${24 * hour}) // ${hour} * ${hour}) PRECEDING AND CURRENT ROW)`;
  return `WITH both_kinds AS (
      SELECT NULL::BIGINT AS label, ts, origin, kind, n, delay, miles, other FROM events
      UNION ALL SELECT label, epoch_ms(event_timestamp), origin, kind, NULL, NULL, NULL, NULL
      FROM read_parquet('${labels}')),
    framed AS (SELECT label, ts, origin, kind,
      ${only('count(*)')} OVER h1 AS n_1h,
      ${only('count(delay)')} OVER h3 AS known_3h,
      ${only('sum(delay)')} OVER h3 AS sum_3h,
      ${only('min(delay)')} OVER h3 AS min_3h,
      ${only('max(delay)')} OVER h24 AS max_24h,
      count(*) FILTER (WHERE delay > 15) OVER h3 AS late_3h,
      arg_max(other, ts::HUGEINT * 10000000 + n) OVER h24 AS newest_24h,
      ${only('avg(delay)')} OVER h24 AS avg_24h,
      ${only('sum(miles)')} OVER h3 AS miles_3h,
      stddev_samp(miles) OVER h24 AS spread_24h,
      count(DISTINCT other) OVER coarse AS kinds_24h
      FROM both_kinds WINDOW h1 AS ${frame(1)}, h3 AS ${frame(3)}, h24 AS ${frame(24)},
        coarse AS ${coarse}),
    hours AS (SELECT origin, kind, ts // ${hour} AS h, count(*) AS n, sum(delay) AS delays
      FROM events GROUP BY ALL)
    SELECT f.*, CASE WHEN known_3h = 0 THEN 'nan'::DOUBLE ELSE late_3h / known_3h END AS share,
      coalesce((SELECT n FROM hours o WHERE o.origin = f.origin AND o.kind IS NOT DISTINCT FROM f.kind
        AND o.h = (f.ts + 1) // ${hour} - 1), 0) AS n_hour,
      (SELECT sum(delays) FROM hours o WHERE o.origin = f.origin AND o.kind IS NOT DISTINCT FROM f.kind
        AND o.h BETWEEN (f.ts + 1) // ${hour} - 4 AND (f.ts + 1) // ${hour} - 1) AS sum_4h_by_1h
    FROM framed f WHERE label IS NOT NULL`;
}

/** The value at rank floor(0.9 · (n − 1)) of the same window, for some thousand labels. */
function nineties(labels: string): string {
  return `SELECT label, list_sort(list(miles))[1 + floor(0.9 * (count(*) - 1))::INTEGER] AS p90_24h
    FROM (SELECT label, epoch_ms(event_timestamp) AS at, origin, kind FROM read_parquet('${labels}')
      WHERE label % 50 = 0) l
    JOIN events e ON e.origin = l.origin AND e.kind IS NOT DISTINCT FROM l.kind
      AND e.ts BETWEEN (l.at - ${24 * hour}) // ${hour} * ${hour} AND l.at
    GROUP BY label`;
}

/** How many rows differ, by feature: those of all must be none. */
async function differing(mode: string): Promise<Readonly<Record<string, number>>> {
  const differs = (name: string, a: string, b: string): string =>
    floats.includes(name)
      ? `NOT coalesce(abs(${a} - ${b}) <= 1e-9 * greatest(1, abs(${b})), ${a} IS NULL AND ${b} IS NULL)`
      : `${a} IS DISTINCT FROM ${b}`;
  const counts: Record<string, number> = {};
  for (const name of all) {
    const served = differs(name, `m.${name}`, `m.served_${name}`);
    counts[`${name}: ${mode} and served`] = await one(
      `SELECT count(*) FROM ${mode} m WHERE ${served}`,
    );
  }
  for (const name of [...exact, ...floats]) {
    counts[`${name}: ${mode} and DuckDB`] = await one(`SELECT count(*) FROM ${mode} m
      JOIN duckdb d ON m.label = d.label WHERE ${differs(name, `m.${name}`, `d.${name}`)}`);
  }
  // Three standard errors of 1.6 %; 1 % of the value that has the rank.
  counts['kinds_24h: too far'] = await one(`SELECT count(*) FROM ${mode} m JOIN duckdb d
    ON m.label = d.label WHERE abs(m.kinds_24h - d.kinds_24h) > greatest(1, 0.05 * d.kinds_24h)`);
  counts['p90_24h: too far'] = await one(`SELECT count(*) FROM ${mode} m JOIN nineties d
    ON m.label = d.label WHERE m.p90_24h IS NULL OR abs(m.p90_24h - d.p90_24h) > 0.01000001 * d.p90_24h`);
  counts['age'] = await one(`SELECT count(*) FROM ${mode}
    WHERE delays__age_ms IS DISTINCT FROM served_age`);
  counts['rows that DuckDB lacks'] = await one(
    `SELECT count(*) FROM ${mode} m ANTI JOIN duckdb d ON m.label = d.label`,
  );
  return Object.fromEntries(Object.entries(counts).filter(([, rows]) => rows > 0));
}

describe('served, trained and DuckDB agree', () => {
  it.each([
    ['flights', flightEvents, labelCount],
    ['bursts', otherEvents, 10_000],
  ])('on %s', { timeout: 900_000 }, async (data, sql, labelsMin) => {
    expect(await serveAndTrain(data, sql)).toBeGreaterThanOrEqual(labelsMin);
    expect(await one('SELECT count(*) FROM recompute WHERE n_1h > 5')).toBeGreaterThan(100);
    expect(await one('SELECT count(*) FROM nineties')).toBeGreaterThanOrEqual(labelsMin / 60);
    expect(await differing('recompute')).toEqual({});
    expect(await differing('logged')).toEqual({});
  });
});
