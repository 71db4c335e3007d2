// Makes the demo's inputs from the flights file: the arrivals, in the order in which the flights
// landed, and the labels of the training set. The flights file itself is read as it is.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

/** `data/flights-3m.parquet` of the package vega-datasets: US flights of January to June 2001. */
export const flightsFile: string = resolve(
  dirname(fileURLToPath(import.meta.resolve('vega-datasets'))),
  '../data/flights-3m.parquet',
);

// The file has no time of arrival: taxiing and 8 miles a minute give it to a few minutes. Local
// times are taken as they are, so a flight across a time zone lands up to three hours "early".
const arrived = 'date + to_minutes(CAST(35 + distance / 8 AS INTEGER))';

/** Writes `arrivals.parquet` and `labels.parquet` into the folder; returns how many labels. */
export async function prepareFlights(folder: string, labelCount: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const connection = await (await DuckDBInstance.create()).connect();
  const flights = `read_parquet('${flightsFile}')`;
  await connection.run(`COPY (
      SELECT ${arrived} AS arrived, origin, destination, distance, delay FROM ${flights} ORDER BY arrived
    ) TO '${join(folder, 'arrivals.parquet')}' (FORMAT parquet, COMPRESSION zstd)`);
  await connection.run(`COPY (
      SELECT origin AS airport, origin, destination, date AS event_timestamp, delay > 15 AS late
      FROM (SELECT * FROM ${flights} WHERE date >= TIMESTAMP '2001-06-01')
      USING SAMPLE reservoir(${labelCount} ROWS) REPEATABLE (2001)
    ) TO '${join(folder, 'labels.parquet')}' (FORMAT parquet, COMPRESSION zstd)`);
  const labels = await connection.runAndReadAll(
    `SELECT count(*)::INTEGER FROM read_parquet('${join(folder, 'labels.parquet')}')`,
  );
  connection.closeSync();
  return Number(labels.getRows()[0]?.[0]);
}
