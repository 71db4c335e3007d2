// The corpus on a real Flink: it takes every text, and computes what the engine computes, row for row,
// from the same events, late and out of order and all. MILLRACE_CASES=a,b computes only those.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type GatewaySession,
  openGatewaySession,
} from '../../../src/flink/client/gateway-client.ts';
import { explainProgram } from '../../../src/flink/client/submit-program.ts';
import { compileFlink } from '../../../src/flink/compile-flink.ts';
import { statementSetSql } from '../../../src/flink/flink-program.ts';
import type { FlinkTables, SinkTable } from '../../../src/flink/flink-tables.ts';
import { type WindowGroup, windowGroups } from '../../../src/flink/window-group.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { type Plan, streamOf, type ViewNode } from '../../../src/plan/plan.ts';
import { corpus, corpusTables } from '../../flink/corpus.ts';
import { comparableRows, engineRows, firstDifference } from '../../flink/engine-rows.ts';
import { howToRun, withServices } from '../service.ts';
import { startFlink, type TestFlink } from './flink-gateway.ts';
import { functionJar } from './function-jar.ts';

let flink: TestFlink;

async function withSession<T>(run: (session: GatewaySession) => Promise<T>): Promise<T> {
  const session = await openGatewaySession({ url: flink.gateway, clock: systemClock });
  try {
    return await run(session);
  } finally {
    await session.close();
  }
}

const eventsPath = fileURLToPath(
  new URL('../../fixtures/flink-parity/events.jsonl', import.meta.url),
);

/** Files in place of topics: the fixtures' events, and a folder of JSON for each group. */
function fileTables(): FlinkTables {
  const format = { format: 'json', 'json.ignore-parse-errors': 'true' };
  return {
    project: 'parity',
    checkpointIntervalMs: null,
    source: () => ({
      connector: 'filesystem',
      instants: 'ms',
      options: { path: `file://${eventsPath}`, ...format },
    }),
    sinks: (view) => ({
      online: null,
      output: jsonFiles(view, 'output'),
      log: (group) => jsonFiles(view, group),
    }),
  };
}

function jsonFiles(view: string, name: string): SinkTable {
  return {
    options: {
      connector: 'filesystem',
      path: `file://${join(flink.folder, view, name)}`,
      format: 'json',
      'json.timestamp-format.standard': 'ISO-8601',
    },
  };
}

/** Rows of one window in the output that all windows of a view share. */
function outputRows(view: ViewNode, group: WindowGroup): readonly Record<string, unknown>[] {
  const columns = [...view.key, ...group.features, ...group.derived].map(({ name }) => name);
  return flinkRows(view.name, 'output')
    .filter((row) => (row['_window'] ?? group.name) === group.name)
    .map((row) =>
      Object.fromEntries(['as_of', ...columns].map((name) => [name, row[name] ?? null])),
    );
}

/** Cases whose stream is the fixtures' events. */
const chosen = process.env['MILLRACE_CASES']?.split(',');
const ofEvents = corpus.filter(({ name, plan }) => chosen?.includes(name) ?? isOfEvents(plan));

function isOfEvents(plan: Plan): boolean {
  return plan.views.every((view) =>
    streamOf(plan, view).fields.some(({ name }) => name === 'event_type'),
  );
}
const perJob = 14;

async function runJob(plans: readonly Plan[]): Promise<void> {
  const [first] = plans;
  if (first === undefined) return;
  const streams = [...new Map(plans.flatMap((p) => p.streams).map((s) => [s.name, s])).values()];
  const plan: Plan = { ...first, streams, views: plans.flatMap(({ views }) => views) };
  const program = compileFlink({ plan, tables: fileTables() });
  const jobId = await withSession(async (session) => {
    await session.execute("SET 'parallelism.default' = '1'");
    for (const { text, origin } of program.statements) await session.execute(text, origin);
    return (await session.execute(statementSetSql(program), 'plan')).jobId;
  });
  for (;;) {
    const answer = await fetch(`${flink.jobManager}/jobs/${jobId}`);
    const { state } = (await answer.json()) as { readonly state: string };
    if (state === 'FINISHED') return;
    if (state === 'FAILED' || state === 'CANCELED') {
      const why = await fetch(`${flink.jobManager}/jobs/${jobId}/exceptions`);
      throw new Error(`${state}: ${(await why.text()).slice(0, 3000)}`);
    }
    await sleep(200);
  }
}

function flinkRows(view: string, group: string): readonly Record<string, unknown>[] {
  const folder = join(flink.folder, view, group);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .flatMap((file) => readFileSync(join(file.parentPath, file.name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe.skipIf(!withServices)(`${howToRun}: the corpus on Flink`, () => {
  beforeAll(async () => {
    const { jar } = await functionJar();
    flink = await startFlink({ jars: [jar] });
  }, 480_000);
  afterAll(() => flink?.stop());

  it.each(corpus.map(({ name, plan }) => ({ name, plan })))('takes $name', async ({ plan }) => {
    const program = compileFlink({ plan, tables: corpusTables });
    const text = await withSession((session) => explainProgram(session, program));
    expect(text).toContain('Optimized Execution Plan');
  });

  describe('computes what the engine computes', () => {
    const failures = new Map<string, string>();
    beforeAll(async () => {
      for (let from = 0; from < ofEvents.length; from += perJob) {
        const cases = ofEvents.slice(from, from + perJob);
        const isWell = await runJob(cases.map(({ plan }) => plan)).then(
          () => true,
          () => false,
        );
        // Which of them it was is found out one by one.
        for (const { name, plan } of isWell ? [] : cases) {
          rmSync(join(flink.folder, name), { recursive: true, force: true });
          await runJob([plan]).catch((error: unknown) => failures.set(name, String(error)));
        }
      }
    }, 600_000);

    it.each(ofEvents.map(({ name, plan }) => ({ name, plan })))('$name', ({ name, plan }) => {
      expect(failures.get(name)).toBeUndefined();
      const [view] = plan.views;
      if (view === undefined) throw new TypeError('a case has a view');
      for (const group of windowGroups(view, [])) {
        const theirs = comparableRows(flinkRows(view.name, group.name));
        const ours = comparableRows(engineRows(plan, group));
        expect(ours.length).toBeGreaterThan(0);
        expect(firstDifference(ours, theirs), group.name).toBeNull();
        const output = comparableRows(outputRows(view, group));
        expect(firstDifference(ours, output), `output of ${group.name}`).toBeNull();
      }
    });
  });
});
