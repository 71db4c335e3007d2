// Training sets, by recomputation and from the feature log, one after the other in one run:
//   recompute  3,000,000 flights, 300,000 labels, one view of 12 features of airports
//   logged     1,000,000 labels, 2,000,000 rows of 10 features in a feature log of 30 days
//   wide       1,000,000 labels, 10 views of 10 features, each with a log of 200,000 rows
// and DuckDB's ASOF JOIN over the same files beside the second, as the floor. Inputs are made once
// and kept in a temporary folder. Run:
// node --conditions=millrace-src bench/train.ts [recompute|logged|wide] [--json]; all but wide without a name
import { Buffer } from 'node:buffer';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import {
  type App,
  avg,
  count,
  defineConfig,
  entity,
  featureView,
  hopping,
  lastN,
  max,
  millrace,
  min,
  rolling,
  session,
  stddev,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import { columnForField, ensureRows } from '../src/columns/column-builder.ts';
import type { VectorBatch } from '../src/columns/vector-batch.ts';
import { encodeKey } from '../src/kernel/key-encoding.ts';
import { seededRandom } from '../src/kernel/random.ts';
import type { Field } from '../src/kernel/types/field-type.ts';

const folder = join(tmpdir(), 'millrace-bench-train');
const flightsFile = resolve(
  dirname(fileURLToPath(import.meta.resolve('vega-datasets'))),
  '../data/flights-3m.parquet',
);

const airport = entity('airport', { key: { origin: t.string() } });
const flights = stream('flights', {
  schema: { date: t.timestamp(), origin: t.string(), distance: t.int32(), delay: t.int32() },
  eventTime: { field: 'date', outOfOrderness: '1m' },
});
const departures = featureView('departures', {
  entity: airport,
  from: flights,
  ttl: '8d',
  features: (f) => ({
    flights_1h: count().over(rolling('1h')),
    flights_24h: count().over(rolling('24h')),
    delay_1h: avg(f.delay).over(rolling('1h')),
    delay_3h: avg(f.delay).over(rolling('3h')),
    worst_3h: max(f.delay).over(rolling('3h')),
    best_3h: min(f.delay).over(rolling('3h')),
    late_3h: count().where(f.delay.gt(15)).over(rolling('3h')),
    spread_24h: stddev(f.delay).over(rolling('24h')),
    miles_hour: sum(f.distance).over(tumbling('1h')),
    delay_6h_by_1h: avg(f.delay).over(hopping('6h', { every: '1h' })),
    bank_size: count().over(session('30m')),
    last_delays: lastN(f.delay, 5).over(rolling('24h')),
  }),
});

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: { user_id: t.string(), ts: t.timestamp(), x: t.float64() },
  eventTime: { field: 'ts', outOfOrderness: '1m' },
});
const names = Array.from({ length: 10 }, (_, i) => `f${i}`);
const activityNamed = (view: string) =>
  featureView(view, {
    entity: user,
    from: events,
    ttl: '8d',
    features: (e) => Object.fromEntries(names.map((name) => [name, sum(e.x).over(rolling('1h'))])),
  });
const activity = activityNamed('activity');
const wideNames = Array.from({ length: 10 }, (_, i) => `wide_${i}`);
const wide = wideNames.map((name) => activityNamed(name));

const config = defineConfig({
  project: 'bench',
  definitions: [{ departures, activity, ...Object.fromEntries(wide.entries()) }],
  environments: {
    local: {
      streams: { flights: file(flightsFile), events: file(join(folder, 'no-events.jsonl')) },
      offline: featureLog(join(folder, 'offline')),
    },
  },
});

const flightLabels = join(folder, 'flight-labels.parquet');
const userLabels = join(folder, 'user-labels.parquet');
const startMs = Date.UTC(2026, 9, 1);
const days = 30;
const dayMs = 86_400_000;
const userCount = 100_000;
const logRows = 2_000_000;
const labelRows = 1_000_000;
const wideRows = 200_000;

async function prepare(db: DuckDBConnection): Promise<void> {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(flightLabels)) {
    await db.run(`COPY (SELECT origin, date AS event_timestamp, delay > 15 AS late
      FROM read_parquet('${flightsFile}') USING SAMPLE reservoir(300000 ROWS) REPEATABLE (2001))
      TO '${flightLabels}' (FORMAT parquet, COMPRESSION zstd)`);
  }
  if (existsSync(userLabels)) return;
  await writeLog('activity', logRows);
  for (const name of wideNames) await writeLog(name, wideRows);
  await db.run(`COPY (SELECT 'user_' || (hash(i) % ${userCount}) AS user_id,
      epoch_ms(${startMs} + (hash(i, 1) % ${days * dayMs})::BIGINT) AS event_timestamp,
      i % 7 = 0 AS label FROM range(${labelRows}) r(i))
    TO '${userLabels}' (FORMAT parquet, COMPRESSION zstd)`);
}

/** Rows of random users, in order of time, as a job would log them. */
async function writeLog(view: string, rows: number): Promise<void> {
  const features: readonly Field[] = names.map((name) => ({
    name,
    type: { kind: 'float64' },
    nullable: true,
  }));
  const key: readonly Field[] = [{ name: 'user_id', type: { kind: 'string' }, nullable: false }];
  const random = seededRandom(11);
  const log = await featureLog(join(folder, 'offline')).open({
    baseDirectory: folder,
    views: [{ view, key, features, fingerprint: 'bench' }],
  });
  const batchRows = 4000;
  const seqs = new Float64Array(userCount);
  for (let at = 0; at < rows; at += batchRows) {
    const users = Array.from({ length: batchRows }, () => Math.floor(random.next() * userCount));
    const keys = users.map((n) => encodeKey(key, { user_id: `user_${n}` }));
    const keyEnds = new Int32Array(batchRows);
    for (let i = 0, end = 0; i < batchRows; i++) keyEnds[i] = end += keys[i]?.length ?? 0;
    const times = Float64Array.from(users, (_, i) =>
      Math.floor(startMs + ((at + i) / rows) * days * dayMs),
    );
    const columns = features.map((field) => {
      const builder = columnForField(field);
      ensureRows(builder, batchRows);
      if (builder.kind === 'float64') {
        for (let i = 0; i < batchRows; i++) builder.values[i] = random.next() * 1000;
      }
      return builder;
    });
    const batch: VectorBatch = {
      view,
      rowCount: batchRows,
      keyData: Buffer.concat(keys),
      keyStarts: Int32Array.from([0, ...keyEnds.subarray(0, -1)]),
      keyEnds,
      keySlots: new Int32Array(batchRows),
      eventTimeMs: times,
      asOfMs: times,
      seq: Float64Array.from(users, (n) => {
        const seq = (seqs[n] as number) + 1;
        seqs[n] = seq;
        return seq;
      }),
      arrivalTimeMs: times.map((ms) => ms + 40),
      fields: features,
      columns,
    };
    await log.append(batch);
  }
  await log.commit();
  await log.close();
}

interface Figure {
  readonly name: string;
  readonly labels: number;
  readonly features: number;
  readonly source_rows: number;
  readonly ms: number;
  /** Of all threads. */
  readonly cpu_ms: number;
  readonly rss_mb: number;
  /** The same by DuckDB's ASOF JOIN over the same files, written to Parquet. */
  readonly duckdb_ms?: number;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}

const rssMb = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);

async function recompute(app: App): Promise<Figure> {
  const begin = performance.now();
  const cpu = cpuMs();
  const out = join(folder, 'flights-train.parquet');
  const result = await app.train({ views: ['departures'], entities: flightLabels, out });
  return {
    name: 'recompute',
    labels: result.rows,
    features: 12,
    source_rows: result.records_read,
    ms: Math.round(performance.now() - begin),
    cpu_ms: cpuMs() - cpu,
    rss_mb: rssMb(),
  };
}

async function logged(app: App, db: DuckDBConnection): Promise<Figure> {
  const begin = performance.now();
  const cpu = cpuMs();
  const out = join(folder, 'users-train.parquet');
  const result = await app.train({
    views: ['activity'],
    entities: userLabels,
    out,
    mode: 'logged',
  });
  const ms = Math.round(performance.now() - begin);
  const used = cpuMs() - cpu;
  return {
    name: 'logged',
    labels: result.rows,
    features: names.length,
    source_rows: result.records_read,
    ms,
    cpu_ms: used,
    rss_mb: rssMb(),
    duckdb_ms: await duckdbJoin(db, out),
  };
}

async function manyViews(app: App): Promise<Figure> {
  const begin = performance.now();
  const cpu = cpuMs();
  const out = join(folder, 'wide-train.parquet');
  const options = { views: wide, entities: userLabels, out, mode: 'logged' } as const;
  const result = await app.train(options);
  return {
    name: 'wide',
    labels: result.rows,
    features: names.length * wide.length,
    source_rows: result.records_read,
    ms: Math.round(performance.now() - begin),
    cpu_ms: cpuMs() - cpu,
    rss_mb: rssMb(),
  };
}

/** The same join by DuckDB; throws when a value differs. */
async function duckdbJoin(db: DuckDBConnection, ours: string): Promise<number> {
  const theirs = join(folder, 'users-train-duckdb.parquet');
  const log = `read_parquet('${join(folder, 'offline')}/activity/*/*.parquet')`;
  const ttl = (name: string): string =>
    `CASE WHEN l.event_timestamp - r.event_time <= INTERVAL 8 DAY THEN r.${name} END AS ${name}`;
  const begin = performance.now();
  await db.run(`COPY (SELECT l.*, ${names.map(ttl).join(', ')}
    FROM read_parquet('${userLabels}') l ASOF LEFT JOIN ${log} r
    ON l.user_id = r.user_id AND l.event_timestamp >= r.as_of)
    TO '${theirs}' (FORMAT parquet, COMPRESSION zstd)`);
  const ms = Math.round(performance.now() - begin);
  const columns = ['user_id', 'event_timestamp', 'label', ...names].join(', ');
  const all = (path: string): string => `SELECT ${columns} FROM read_parquet('${path}')`;
  const differing = await db.runAndReadAll(
    `SELECT count(*)::INTEGER FROM ((${all(ours)} EXCEPT ALL ${all(theirs)})
      UNION ALL (${all(theirs)} EXCEPT ALL ${all(ours)}))`,
  );
  const count = Number(differing.getRows()[0]?.[0]);
  if (count > 0) throw new Error(`${count} rows differ from DuckDB's`);
  return ms;
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const only = args.find((arg) => !arg.startsWith('--'));
  const db = await (await DuckDBInstance.create()).connect();
  await prepare(db);
  const app = await millrace(config);
  const figures: Figure[] = [];
  const isMeant = (name: string): boolean => only === undefined || only === name;
  if (isMeant('recompute')) figures.push(await recompute(app));
  if (isMeant('logged')) figures.push(await logged(app, db));
  if (only === 'wide') figures.push(await manyViews(app));
  await app.close();
  db.closeSync();
  if (args.includes('--json')) console.log(JSON.stringify({ runs: figures }));
  else console.table(figures);
}

await main();
