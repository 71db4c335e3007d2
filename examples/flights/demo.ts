// The demo: 3,000,000 real flights become features, are read over HTTP, and make a training set.
// Everything it writes is in one folder, which can be deleted.
import { rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { type App, millrace, type RunSummary } from 'millrace';
import config, { folder as configuredFolder } from './millrace.config.ts';
import { prepareFlights } from './prepare.ts';

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(here, configuredFolder);
const shownFolder = relative(process.cwd(), folder);
const labelCount = 200_000;
const number = new Intl.NumberFormat('en-US');

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** Redraws one line on a terminal; prints a line every few seconds elsewhere. */
function progressPrinter(): (text: string, isLast?: boolean) => void {
  let printedMs = Number.NEGATIVE_INFINITY;
  return (text, isLast = false) => {
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\u001b[2K  ${text}${isLast ? '\n' : ''}`);
    } else if (isLast || performance.now() - printedMs > 3000) {
      printedMs = performance.now();
      say(`  ${text}`);
    }
  };
}

async function runEngine(app: App): Promise<RunSummary> {
  const print = progressPrinter();
  const summary = await app.run({
    untilEnd: true,
    onProgress: (p) => {
      print(
        `${number.format(p.recordsIn)} events, ${number.format(Math.round(p.eventsPerSecond))}/s`,
      );
    },
  });
  print(
    `${number.format(summary.records_in)} events in ${(summary.elapsed_ms / 1000).toFixed(1)} s: ` +
      `${number.format(Math.round(summary.events_per_second))} events/s`,
    true,
  );
  for (const [view, { entities, updates }] of Object.entries(summary.views)) {
    say(`  ${view}: ${number.format(entities)} keys, ${number.format(updates)} vectors`);
  }
  say(`  late ${summary.late_records}, dead letters ${summary.dead_letters}`);
  return summary;
}

interface OnlineAnswer {
  readonly metadata: { readonly feature_names: readonly string[] };
  readonly results: readonly { readonly values: readonly unknown[] }[];
}

async function postJson<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function readOverHttp(app: App): Promise<void> {
  const server = await app.serve({ port: 0 });
  try {
    const body = {
      features: [
        'airport_departures:departures_1h',
        'airport_departures:departures_24h',
        'airport_departures:departures_6h_by_1h',
        'airport_arrivals:delay_3h',
        'airport_arrivals:late_share_3h',
        'airport_arrivals:delay_spread_24h',
        'airport_arrivals:last_delays',
      ],
      entities: { airport: ['ATL', 'ORD', 'JFK', 'SFO'] },
    };
    const url = `${server.url}/get-online-features`;
    let answer = await postJson<OnlineAnswer>(url, body);
    const timesMs: number[] = [];
    for (let i = 0; i < 200; i++) {
      const startMs = performance.now();
      answer = await postJson<OnlineAnswer>(url, body);
      timesMs.push(performance.now() - startMs);
    }
    const medianMs = timesMs.sort((x, y) => x - y)[100] ?? 0;
    say(
      `  POST ${url}: 4 airports × ${body.features.length} features, median of 200 reads ${medianMs.toFixed(1)} ms`,
    );
    answer.metadata.feature_names.forEach((name, i) => {
      const cells = (answer.results[i]?.values ?? []).map(formatCell);
      say(`    ${name.padEnd(20)}${cells.map((cell) => cell.padStart(20)).join('')}`);
    });
  } finally {
    await server.close();
  }
}

function formatCell(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(2);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function makeTrainingSet(app: App): Promise<void> {
  const out = join(folder, 'train.parquet');
  const print = progressPrinter();
  const startMs = performance.now();
  const result = await app.train({
    views: ['airport_departures', 'airport_arrivals', 'route_delay'],
    entities: join(folder, 'labels.parquet'),
    out,
    onProgress: (text) => print(text),
  });
  print(
    `${number.format(result.rows)} rows × ${result.columns} columns in ${seconds(startMs)} → ${shownFolder}/train.parquet`,
    true,
  );
  const connection = await (await DuckDBInstance.create()).connect();
  const table = await connection.runAndReadAll(
    `SELECT bucket, count(*)::INTEGER, avg(late::INTEGER)::DOUBLE FROM (
       SELECT late, ntile(4) OVER (ORDER BY late_share_3h) AS bucket
       FROM read_parquet('${out}') WHERE late_share_3h IS NOT NULL)
     GROUP BY bucket ORDER BY bucket`,
  );
  connection.closeSync();
  say(
    "  share of departures more than 15 minutes late, by the airport's late share of the last 3 hours:",
  );
  for (const [bucket, , share] of table.getRows()) {
    const percent = Number(share) * 100;
    say(
      `    quarter ${String(bucket)}  ${percent.toFixed(1).padStart(5)} %  ${'█'.repeat(Math.round(percent))}`,
    );
  }
}

const startMs = performance.now();
say('millrace demo: 3,000,000 real US flights, January to June 2001');
rmSync(folder, { recursive: true, force: true });

say('\n1. Inputs');
const labels = await prepareFlights(folder, labelCount);
say('  departures: the flights file; arrivals: the same flights in the order in which they landed');
say(
  `  labels: ${number.format(labels)} departures of June: was the flight more than 15 minutes late?`,
);

const app = await millrace(config, { env: 'local' });
const featureCount = app.plan.views.reduce((n, v) => n + v.features.length + v.derived.length, 0);
say(
  `\n2. Engine: ${featureCount} features of airports and routes over rolling, tumbling, hopping and session windows`,
);
const summary = await runEngine(app);

say('\n3. Online reads, from the embedded store, by the Feast HTTP contract');
await readOverHttp(app);

say('\n4. A training set, point-in-time correct');
say(
  "  A flight's delay is known when it lands. Using the `delay` column at departure would leak the answer,",
);
say(
  '  so departures carry no delay, and a delay counts from the arrival event on: each row holds what was',
);
say('  known at that departure, computed by the same code that serves.');
await makeTrainingSet(app);
await app.close();

say(
  `\nDone in ${seconds(startMs)}: ${number.format(summary.records_in)} events at ${number.format(Math.round(summary.events_per_second))} events/s on one thread.`,
);
say(
  `Everything is in ${shownFolder} (delete it when you like). What to type next, after \`npm run build\`:`,
);
const flags = '--config examples/flights/millrace.config.ts';
say(`  npx millrace get airport_arrivals airport=ATL ${flags}`);
say(`  npx millrace plan ${flags}`);
say(`  npx millrace serve ${flags}`);
say('  npx millrace init my-features');
