// Engine and a real Flink compute the same: the corpus at parallelism 1 and 2, made-up events in several
// partitions, random definitions; and the command line on a project. MILLRACE_UPDATE_GOLDENS=1 keeps
// Flink's rows for test/flink/corpus-rows.test.ts; MILLRACE_CASES=a,b takes only those views;
// MILLRACE_RANDOM=200 MILLRACE_SEED=1000 compares so many random views from that seed on.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparePlan } from '../../../src/app/flink/parity/compare-plan.ts';
import type { ComparedRow } from '../../../src/app/flink/parity/compare-rows.ts';
import type { EventsByStream, FlinkSide } from '../../../src/app/flink/parity/flink-side.ts';
import { generateEvents } from '../../../src/app/flink/parity/generate-events.ts';
import { recordsOfLines } from '../../../src/app/flink/parity/parity-events.ts';
import type { ParityCase } from '../../../src/app/flink/parity/parity-plan.ts';
import type {
  FlinkParityReport,
  FlinkParityWindow,
} from '../../../src/app/flink/parity/parity-report.ts';
import { openGatewaySession } from '../../../src/flink/client/gateway-client.ts';
import { JobManager } from '../../../src/flink/client/job-manager.ts';
import { explainProgram } from '../../../src/flink/client/submit-program.ts';
import { compileFlink } from '../../../src/flink/compile-flink.ts';
import {
  avg,
  buildPlan,
  count,
  entity,
  featureView,
  lifetime,
  rolling,
  stream,
  t,
} from '../../../src/index.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { CliHost, jsonOf, temporaryFolder, writeFiles } from '../../cli/run-cli.ts';
import { corpus, corpusTables } from '../../flink/corpus.ts';
import { corpusEvents, joinedPlan, writeFlinkRows } from '../../flink/corpus-parity.ts';
import { joined, randomViews } from '../../flink/random-cases.ts';
import { howToRun, withServices } from '../service.ts';
import { startFlink, type TestFlink } from './flink-gateway.ts';
import { functionJar } from './function-jar.ts';

const chosen = process.env['MILLRACE_CASES']?.split(',');
const cases = corpus.filter(({ name }) => chosen?.includes(name) ?? true);
const plan = joinedPlan(cases.map((one) => one.plan));
const isUpdate = process.env['MILLRACE_UPDATE_GOLDENS'] === '1';
const patienceMs = 600_000;

let flink: TestFlink;

function sideOf(parallelism: number): FlinkSide {
  const manager = new JobManager({ url: flink.jobManager, clock: systemClock });
  const { gateway: gatewayUrl } = flink;
  const cluster = { gatewayUrl, manager, clock: systemClock, verifyTimeoutMs: 0, settleMs: 0 };
  const folder = join(flink.folder, `parity-${parallelism}`);
  return { cluster, folder, parallelism, settings: {}, timeoutMs: patienceMs };
}

type OnRows = (one: ParityCase, rows: readonly ComparedRow[]) => void;

async function compared(
  wanted: Plan,
  events: EventsByStream,
  parallelism: number,
  onRows: OnRows = () => undefined,
): Promise<readonly FlinkParityWindow[]> {
  const sides = [sideOf(parallelism)];
  return comparePlan({ plan: wanted, events, sides, onStep: () => undefined, onRows });
}

const isDifferent = ({ equal }: FlinkParityWindow): boolean => !equal;

describe.skipIf(!withServices)(`${howToRun}: engine and Flink`, () => {
  beforeAll(async () => {
    const { jar } = await functionJar();
    flink = await startFlink({ jars: [jar] });
  }, 480_000);
  afterAll(() => flink?.stop());

  it.each(cases)(
    'Flink takes the text of $name',
    async ({ plan: own }) => {
      const program = compileFlink({ plan: own, tables: corpusTables });
      const session = await openGatewaySession({ url: flink.gateway, clock: systemClock });
      try {
        const text = await explainProgram(session, program);
        expect(text).toContain('Optimized Execution Plan');
      } finally {
        await session.close();
      }
    },
    120_000,
  );

  describe.each([1, 2])('the corpus at parallelism %i', (parallelism) => {
    let windows: readonly FlinkParityWindow[] = [];
    beforeAll(async () => {
      const kept: { readonly one: ParityCase; readonly rows: readonly ComparedRow[] }[] = [];
      windows = await compared(plan, await corpusEvents(plan), parallelism, (one, rows) =>
        kept.push({ one, rows }),
      );
      if (!isUpdate || parallelism !== 1) return;
      for (const [view, own] of Map.groupBy(kept, ({ one }) => one.view.name)) {
        writeFlinkRows(view, own);
      }
    }, 2 * patienceMs);

    it.each(plan.views.map(({ name }) => name))('%s', (name) => {
      const own = windows.filter(({ view }) => view === name);
      expect(own.length).toBeGreaterThan(0);
      expect(own.filter(isDifferent)).toEqual([]);
      for (const { rows_engine: rows } of own) expect(rows).toBeGreaterThan(0);
    });
  });

  it.each([1, 2])(
    'made-up events in three partitions at parallelism %i',
    async (parallelism) => {
      const names = ['every_window', 'two_keys', 'filtered', 'derived_per_group'];
      const own = { ...plan, views: plan.views.filter(({ name }) => names.includes(name)) };
      const events = new Map(
        own.streams
          .filter(({ name }) => name === 'events')
          .map((stream) => {
            const options = { plan: own, stream, count: 400, seed: 11, partitions: 3 };
            return [stream.name, generateEvents(options)];
          }),
      );
      const windows = await compared(own, events, parallelism);
      expect(windows.filter(isDifferent)).toEqual([]);
      expect(windows.some(({ late_engine: late }) => late > 0)).toBe(true);
    },
    patienceMs,
  );

  it(
    'random definitions',
    async () => {
      const count = Number(process.env['MILLRACE_RANDOM'] ?? 12);
      const from = Number(process.env['MILLRACE_SEED'] ?? 1);
      const { plan: own, events } = joined(randomViews(from, count));
      for (const parallelism of [1, 2]) {
        const windows = await compared(own, events, parallelism);
        expect(windows.filter(isDifferent)).toEqual([]);
        expect(windows.length).toBeGreaterThanOrEqual(count);
      }
    },
    Math.max(patienceMs, Number(process.env['MILLRACE_RANDOM'] ?? 0) * 30_000),
  );
});

/** What docs/flink.md lists as different by design, where a comparison cannot set it equal. */
describe.skipIf(!withServices)(`${howToRun}: differences by design`, () => {
  beforeAll(async () => {
    flink = await startFlink();
  }, 180_000);
  afterAll(() => flink?.stop());

  it('are there, and no others', async () => {
    const schema = { k: t.string(), a: t.float64(), b: t.float64(), ts: t.timestamp() };
    const eventTime = { field: 'ts', outOfOrderness: '0s' } as const;
    const odd = stream('odd', { schema, eventTime });
    const early = stream('early', { schema, eventTime });
    const base = { entity: entity('key', { key: { k: t.string() } }), emit: 'watermark' } as const;
    const views = {
      texts: featureView('texts_beyond', {
        ...base,
        from: odd,
        features: (e) => ({ n: count().where(e.k.gt('\u{ffee}')).over(lifetime()) }),
      }),
      sums: featureView('sums_after_infinity', {
        ...base,
        from: odd,
        features: (e) => ({ mean: avg(e.a.div(e.b)).over(rolling('1s')) }),
      }),
      early: featureView('before_1970', {
        ...base,
        from: early,
        features: () => ({ n: count().over(lifetime()) }),
      }),
    };
    const { plan: own } = buildPlan([views]);
    const at = (ts: number, b: number): string => JSON.stringify({ k: '\u{1f600}', a: 4, b, ts });
    const lines: Record<string, readonly string[]> = {
      odd: [at(1000, 0), at(9000, 2), at(9500, 1)],
      early: [at(-5000, 1), at(-9000, 1), at(-4000, 1)],
    };
    const events = new Map(
      own.streams.map((node) => {
        const numbered = (lines[node.name] ?? []).map((line) => ({ split: 0, line }));
        const records = recordsOfLines(node, numbered, {});
        return [node.name, { stream: node, records, splitCount: 1, instants: 'ms' as const }];
      }),
    );
    const windows = await compared(own, events, 1);
    const [texts, sums, before] = windows;
    expect(windows.length).toBe(3);
    expect(texts).toMatchObject({ equal: false, differing: 3, missing: 0, extra: 0 });
    expect(sums).toMatchObject({ equal: true, differing: 0 });
    expect(sums?.by_design).toEqual([expect.stringContaining('2 values are NaN on Flink')]);
    expect(before).toMatchObject({ equal: false, late_engine: 1, late_flink: 0, extra: 1 });
  }, 240_000);
});

const definitions = `
import { count, entity, featureView, hourOfDay, rolling, stream, sum, t, tumbling, lastN } from 'millrace';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64().nullable(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
export const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({
    spent: sum(p.amount).over(rolling('1h')),
    n: count().where(hourOfDay(p.ts).eq(10)).over(tumbling('1m')),
  }),
});
export const newest = featureView('newest', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({ amounts: lastN(p.amount, 3).over(rolling('1h')) }),
});
`;

const configText = (settings: string): string => `
import { defineConfig } from 'millrace';
import { file } from 'millrace/file';
import { flink } from 'millrace/flink';
import * as definitions from './definitions.ts';
export default defineConfig({
  project: 'shop',
  definitions: [definitions],
  environments: {
    fleet: {
      streams: { purchases: file('./purchases-*.jsonl', { formatOptions: { timestamp: 'iso' } }) },
      engine: flink({
        gateway: '${flink.gateway}',
        jobManager: '${flink.jobManager}',
        settings: { ${settings} },
      }),
    },
  },
});
`;

/** Two partitions, one ahead of the other, with a late record. */
const purchases = [
  ['10:00:00', '10:00:30', '10:02:00', '10:00:10', '11:30:00'],
  ['09:59:58', '10:00:31', '10:01:59', '09:30:00', '10:59:59'],
].map((times) =>
  times
    .map((time, i) => ({ user_id: `u${i % 2}`, amount: i / 4, ts: `2026-01-01T${time}Z` }))
    .map((event) => `${JSON.stringify(event)}\n`)
    .join(''),
);

describe.skipIf(!withServices)(`${howToRun}: millrace flink parity`, () => {
  const folder = temporaryFolder();
  const cli = new CliHost();
  beforeAll(async () => {
    flink = await startFlink();
    writeFiles(folder.path, {
      'definitions.ts': definitions,
      'millrace.config.ts': configText(''),
      'elsewhere/millrace.config.ts': configText("'table.local-time-zone': 'Asia/Tokyo'"),
      'elsewhere/definitions.ts': definitions,
      ...Object.fromEntries(
        purchases.flatMap((text, i) => [
          [`purchases-${i}.jsonl`, text],
          [`elsewhere/purchases-${i}.jsonl`, text],
        ]),
      ),
    });
    mkdirSync(join(folder.path, 'shared'));
  }, 180_000);
  afterAll(async () => {
    cli.stop();
    folder.remove();
    await flink?.stop();
  });
  const parity = (place: string, ...flags: readonly string[]) =>
    cli.run(join(folder.path, place), 'flink', 'parity', '--env', 'fleet', ...flags);

  it('says of each window how many rows are equal, and what was not compared', async () => {
    const result = await parity('', '--parallelism', '1,2', '--junit', 'parity.xml');
    expect(result.stderr).toContain('10 records, 2 partitions');
    expect(result.stdout).toMatch(/spend +rolling_1h +2 .* equal/);
    expect(result.stdout).toContain('not compared: newest: newest.features.amounts');
    expect(result.stdout).toContain('4 of 4 windows are equal');
    expect(result.code).toBe(0);
    const xml = readFileSync(join(folder.path, 'parity.xml'), 'utf8');
    expect(xml).toContain('<testcase classname="spend" name="tumbling_1m"/>');
    expect(xml).toContain('skipped message="newest.features.amounts');
  }, 240_000);

  it('finds a cluster that computes something else, and says where', async () => {
    const result = await parity('elsewhere', '--json', '--views', 'spend');
    expect(result.code).toBe(1);
    const { equal, windows } = jsonOf<FlinkParityReport>(result);
    expect(equal).toBe(false);
    expect(windows.map((one) => [one.window, one.equal])).toEqual([
      ['rolling_1h', true],
      ['tumbling_1m', false],
    ]);
    const [, counted] = windows;
    expect(counted?.differing).toBeGreaterThan(0);
    expect(counted?.examples[0]).toMatch(/user_id .*: n engine "\d", Flink "0"/);
  }, 240_000);

  it('takes events of files that are named, and made-up ones', async () => {
    const named = await parity('', '--json', '--events', 'purchases-0.jsonl', '--views', 'spend');
    const made = await parity('', '--json', '--generate', '50', '--partitions', '2', '--seed', '5');
    const events = [named, made].map((one) => jsonOf<FlinkParityReport>(one).events);
    expect(events).toMatchObject([
      [{ records: 5, partitions: 1, from: 'purchases-0.jsonl' }],
      [{ records: 50, partitions: 2, from: 'made up, seed 5' }],
    ]);
    expect([named.code, made.code]).toEqual([0, 0]);
  }, 240_000);

  it('says which is away, and which is too small', async () => {
    const small = await parity('', '--parallelism', '64', '--json');
    expect(small.code).toBe(3);
    expect(jsonOf<{ error: { code: string } }>(small).error.code).toBe('MR_FLINK_SLOTS');
    const unknown = await parity('', '--views', 'spent', '--json');
    expect(jsonOf<{ error: { code: string } }>(unknown).error.code).toBe('MR_UNKNOWN_VIEW');
    await flink.stop();
    const away = await parity('', '--json');
    expect(away.code).toBe(3);
    expect(jsonOf<{ error: { code: string } }>(away).error.code).toBe('MR_FLINK_UNREACHABLE');
  }, 120_000);
});
