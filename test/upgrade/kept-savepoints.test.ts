// Savepoints of every released format are restored by the code of today, for ever, and go on to what
// an undisturbed run of the version that made them gave.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { avg, featureView, hopping, migrate, min, rolling, stream, sum, t } from 'millrace';
import { afterEach, describe, expect, it } from 'vitest';
import * as definitions from './definitions.ts';
import { openProject, type ProjectOptions } from './savepoint-project.ts';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), 'fixtures');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function copyOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kept-'));
  folders.push(folder);
  cpSync(join(fixtures, name), folder, { recursive: true });
  return folder;
}

type Row = { readonly user_id: string; readonly features?: unknown } & Record<string, unknown>;

function rowsOf(path: string): readonly Row[] {
  const rows = readFileSync(path, 'utf8').trim().split('\n');
  return rows.map((row) => JSON.parse(row) as Row);
}

/** Rows of a view in the end; without a savepoint those of a run over everything. */
async function goOn(
  name: string,
  options: ProjectOptions & { readonly from?: string | null },
  view: string,
): Promise<readonly Row[]> {
  const folder = copyOf(name);
  const app = await openProject(folder, options);
  const { from = 'kept' } = options;
  try {
    await app.run({ untilEnd: true, ...(from === null ? {} : { fromSavepoint: from }) });
    const out = join(folder, 'out.jsonl');
    await app.export(view, out);
    return rowsOf(out);
  } finally {
    await app.close();
  }
}

const kept = readdirSync(fixtures);

describe.each(kept)('the savepoint %s', (name) => {
  it.each([
    [1, 'memory'],
    [2, 'memory'],
    [1, 'disk'],
  ] as const)('goes on at parallelism %i with state in %s', async (parallelism, backend) => {
    for (const view of ['on_arrival', 'on_watermark']) {
      const rows = await goOn(name, { parallelism, backend }, view);
      expect(rows).toEqual(rowsOf(join(fixtures, name, `${view}.jsonl`)));
    }
  });

  it('goes on under a changed definition', async () => {
    const { user, purchases, onArrival } = definitions;
    const changed = featureView('on_watermark', {
      entity: user,
      from: purchases,
      emit: 'watermark',
      features: (p) => ({
        average_10m: avg(p.amount).over(rolling('10m')),
        spent: sum(p.amount).over(rolling('10m')),
        spent_by_minute: sum(p.amount).over(rolling('20m', { resolution: '1m' })),
        items_30m: sum(p.items).over(rolling('30m')),
      }),
      upgrade: { renamed: { spent: 'spent_10m' }, added: 'empty' },
    });
    const options = { definitions: { onArrival, changed } };
    const rows = await goOn(name, options, 'on_watermark');
    const whole = await goOn(name, { ...options, from: null }, 'on_watermark');
    expect(rows.map(({ user_id }) => user_id)).toEqual(whole.map(({ user_id }) => user_id));
    for (const [i, row] of rows.entries()) {
      for (const feature of ['spent', 'average_10m', 'spent_by_minute']) {
        expect(row[feature]).toBeCloseTo(whole[i]?.[feature] as number, 9);
      }
    }
  });

  it('goes on with values of another type', async () => {
    const { user } = definitions;
    const purchases = stream('purchases', {
      schema: {
        user_id: t.string(),
        amount: t.float64(),
        items: t.float64(),
        cents: t.int64().nullable(),
        category: t.string().nullable(),
        ts: t.timestamp(),
      },
      eventTime: { field: 'ts', outOfOrderness: '20s', maxAhead: 'off' },
    });
    const changed = featureView('on_arrival', {
      entity: user,
      from: purchases,
      features: (p) => ({ least_15m: min(p.items).over(hopping('15m', { every: '5m' })) }),
      upgrade: { retyped: { least_15m: migrate(t.int32(), (old) => old.toFloat()) } },
    });
    const rows = await goOn(name, { definitions: { changed } }, 'on_arrival');
    const before = rowsOf(join(fixtures, name, 'on_arrival.jsonl'));
    expect(rows.map((row) => row['least_15m'])).toEqual(before.map((row) => row['least_15m']));
  });
});
