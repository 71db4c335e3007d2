// The point-in-time join that Feast's fixtures describe, by both ways of making a training set: the
// recorded reference is the right answer on all rows, in the order of the entity rows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  defineConfig,
  entity,
  featureView,
  last,
  lifetime,
  max,
  millrace,
  rolling,
  stream,
  t,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/formats/table/csv-table.ts';
import type { TrainMode } from '../../src/index.ts';
import { root, temporaryFolder } from '../cli/run-cli.ts';
import { type LoggedRow, writeLog } from './write-log.ts';

const fixtures = join(root, 'test/fixtures/feast/pit');
const folder = temporaryFolder();
afterAll(() => folder.remove());

const driver = entity('driver', { key: { driver_id: t.int64() } });
const stop = entity('stop', { key: { driver_id: t.int64(), zone: t.string() } });
const times = { event_timestamp: t.timestamp(), created: t.timestamp() };
const eventTime = { field: 'event_timestamp', outOfOrderness: '0s', maxAhead: 'off' } as const;
const key = { driver_id: t.int64() };
const text = t.string().nullable();
const eventsA = stream('events_a', {
  schema: { ...key, ...times, n: t.int64(), label: text },
  eventTime,
  id: 'created',
});
const eventsB = stream('events_b', {
  schema: { ...key, ...times, x: t.float64() },
  eventTime,
  id: 'created',
});
const eventsC = stream('events_c', {
  schema: { ...key, zone: t.string(), ...times, c: t.int64() },
  eventTime,
  id: 'created',
});
// A label that is null is the newest one too: `last` alone would skip it.
const none = '(none)';
const viewA = featureView('view_a', {
  entity: driver,
  from: eventsA,
  ttl: '1h',
  features: (e) => ({
    n: last(e.n).over(lifetime()),
    label: last(e.label.coalesce(none)).over(lifetime()),
  }),
});
const viewB = featureView('view_b', {
  entity: driver,
  from: eventsB,
  features: (e) => ({ x: last(e.x).over(lifetime()) }),
});
const viewC = featureView('view_c', {
  entity: stop,
  from: eventsC,
  ttl: '1d',
  features: (e) => ({ c: max(e.c).over(rolling('1d')) }),
});

const iso = { formatOptions: { timestamp: 'iso' } };
const offline = featureLog('offline');
const config = defineConfig({
  project: 'pit',
  definitions: [{ viewA, viewB, viewC }],
  environments: {
    local: {
      streams: {
        events_a: file(join(fixtures, 'view_a.csv'), iso),
        events_b: file(join(fixtures, 'view_b.csv'), iso),
        events_c: file(join(fixtures, 'view_c.csv'), iso),
      },
      offline,
    },
  },
});

type Row = Readonly<Record<string, string | null>>;

function csvRows(path: string): readonly Row[] {
  const [header = [], ...rows] = parseCsv(readFileSync(path, 'utf8'));
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? null])));
}

/** The log that ingesting the rows one by one would have left; `created` is when a row arrived. */
async function logOf(app: App, view: string, names: readonly string[]): Promise<void> {
  const rows = csvRows(join(fixtures, `${view}.csv`)).map((row, seq): LoggedRow => {
    const values = names.map((name) => {
      const cell = row[name] ?? (name === 'label' ? none : null);
      const isWhole = name === 'n' || name === 'c';
      return [name, isWhole ? BigInt(cell ?? 0) : name === 'x' ? Number(cell) : cell] as const;
    });
    return {
      key: { driver_id: BigInt(row['driver_id'] ?? 0), zone: row['zone'] ?? null },
      asOfMs: Date.parse(row['event_timestamp'] ?? ''),
      arrivalMs: Date.parse(row['created'] ?? ''),
      seq: seq + 1,
      values: Object.fromEntries(values),
    };
  });
  await writeLog({ offline, baseDirectory: folder.path, plan: app.plan }, view, rows);
}

describe('the point-in-time join of the fixtures', () => {
  let app: App;
  beforeAll(async () => {
    app = await millrace(config, { baseDirectory: folder.path });
    await logOf(app, 'view_a', ['n', 'label']);
    await logOf(app, 'view_b', ['x']);
    await logOf(app, 'view_c', ['c']);
  });
  afterAll(() => app.close());

  it.each<readonly [TrainMode, string]>([
    ['recompute', 'csv'],
    ['recompute', 'parquet'],
    ['logged', 'csv'],
    ['logged', 'parquet'],
  ])('is the reference on every row: %s, entity rows as %s', async (mode, kind) => {
    const out = join(folder.path, `${mode}-${kind}.csv`);
    const entities = join(fixtures, `entity_df.${kind}`);
    await app.train({ views: [viewA, viewB, viewC], entities, out, mode });
    const reference = csvRows(join(fixtures, 'reference.csv'));
    const rows = csvRows(out).map(shown);
    expect(rows.toSorted(byTag)).toEqual(reference.map(shown).toSorted(byTag));
    const tags = csvRows(join(fixtures, 'entity_df.csv')).map(({ tag }) => tag);
    expect(rows.map(({ tag }) => tag)).toEqual(tags);
  });
});

function byTag(a: { readonly tag: unknown }, b: { readonly tag: unknown }): number {
  return String(a.tag) < String(b.tag) ? -1 : 1;
}

/** A row without regard to how a file writes numbers and instants. */
function shown(row: Row) {
  const number = (name: string): number | null => {
    const cell = row[name] ?? null;
    return cell === null ? null : Number(cell);
  };
  return {
    tag: row['tag'],
    driver: row['driver_id'],
    zone: row['zone'],
    at: Date.parse(row['event_timestamp'] ?? ''),
    n: number('n'),
    label: row['label'] === none ? null : row['label'],
    x: number('x'),
    c: number('c'),
  };
}
