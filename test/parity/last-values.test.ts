// A bounded run over flights of 2001 serves what was true at the end of the data: its clock is the
// event clock, and the end of the input neither expires nor empties anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import {
  count,
  defineConfig,
  entity,
  featureView,
  hopping,
  millrace,
  rolling,
  stream,
  t,
  tumbling,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { file } from 'millrace/file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const flightsFile = resolve(
  dirname(fileURLToPath(import.meta.resolve('vega-datasets'))),
  '../data/flights-3m.parquet',
);

const flights = stream('flights', {
  schema: { date: t.timestamp(), origin: t.string() },
  eventTime: { field: 'date', outOfOrderness: '1m' },
});
const departures = featureView('departures', {
  entity: entity('airport', { key: { origin: t.string() } }),
  from: flights,
  ttl: '2d',
  features: () => ({
    last_24h: count().over(rolling('24h')),
    last_hour: count().over(tumbling('1h')),
    last_3h: count().over(hopping('3h', { every: '1h' })),
  }),
});

let folder: string;
let db: DuckDBConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-last-'));
  db = await (await DuckDBInstance.create()).connect();
  await db.run(`CREATE TABLE flights AS SELECT epoch_ms(date) AS ts, date, origin
    FROM read_parquet('${flightsFile}') WHERE date < TIMESTAMP '2001-01-04 18:20:00'`);
  await db.run(`COPY (SELECT date, origin FROM flights ORDER BY date) TO '${folder}/flights.parquet'
    (FORMAT parquet)`);
});

afterAll(() => {
  db.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function one(sql: string): Promise<number> {
  return Number((await db.runAndReadAll(sql)).getRows()[0]?.[0]);
}

describe('after a bounded run over 2001', () => {
  it('the values of the end of the data are served, not empty windows', async () => {
    const config = defineConfig({
      project: 'flights',
      definitions: [{ departures }],
      environments: {
        local: {
          streams: { flights: file(join(folder, 'flights.parquet')) },
          online: embedded(join(folder, 'online')),
        },
      },
    });
    const app = await millrace(config, { env: 'local' });
    await app.run({ untilEnd: true });
    const { values, status, eventTime, ageMs } = await app.store.get(departures, { origin: 'ATL' });
    await app.close();

    const lastMs = await one(`SELECT max(ts) FROM flights WHERE origin = 'ATL'`);
    expect(eventTime).toBe(lastMs);
    expect(ageMs).toBeLessThan(4 * 3_600_000);
    expect(Object.values(status)).toEqual(['PRESENT', 'PRESENT', 'PRESENT']);
    const endMs = await one('SELECT max(ts) FROM flights');
    const between = (from: number, to: number): Promise<number> =>
      one(`SELECT count(*) FROM flights WHERE origin = 'ATL' AND ts BETWEEN ${from} AND ${to}`);
    // Decay has brought the rolling window to within a 60th of it of the end of the data.
    const least = await between(endMs - 24 * 3_600_000, endMs);
    const most = await between(endMs - 24.5 * 3_600_000, endMs);
    expect(values.last_24h).toBeGreaterThanOrEqual(least);
    expect(values.last_24h).toBeLessThanOrEqual(most);
    // The windows that the end of the input closed hold the last flights.
    const hourMs = Math.floor(lastMs / 3_600_000) * 3_600_000;
    expect(values.last_hour).toBe(await between(hourMs, hourMs + 3_599_999));
    expect(values.last_3h).toBe(await between(hourMs, hourMs + 3_599_999));
  });
});
