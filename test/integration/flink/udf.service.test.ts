// Functions of ours on a real Flink: the same bytes as the engine's for random values, sketches that
// merge in both directions, and features equal to the engine's also beyond what is kept exactly, over
// a savepoint too. MILLRACE_SEED chooses the values.
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exactJson } from '../../../src/columns/read-value.ts';
import {
  type GatewaySession,
  openGatewaySession,
} from '../../../src/flink/client/gateway-client.ts';
import { JobManager } from '../../../src/flink/client/job-manager.ts';
import { compileFlink } from '../../../src/flink/compile-flink.ts';
import { type DeployRequest, deployJob } from '../../../src/flink/deploy/deploy-job.ts';
import { runningJob } from '../../../src/flink/deploy/deployed-job.ts';
import type { PlanFolder } from '../../../src/flink/deploy/plan-folder.ts';
import { endJob, type FlinkCluster } from '../../../src/flink/deploy/start-job.ts';
import {
  type FlinkFunctionName,
  flinkFunctions,
  functionStatement,
  withFunctionJar,
} from '../../../src/flink/flink-function.ts';
import type { FlinkProgram } from '../../../src/flink/flink-program.ts';
import type { FlinkTables } from '../../../src/flink/flink-tables.ts';
import { windowGroups } from '../../../src/flink/window-group.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { DdSketch } from '../../../src/sketch/dd-sketch.ts';
import { FrequentValues } from '../../../src/sketch/frequent-values.ts';
import { hashValue } from '../../../src/sketch/hash-value.ts';
import { HyperLogLog } from '../../../src/sketch/hyper-log-log.ts';
import { comparableRows, engineRows, firstDifference } from '../../flink/engine-rows.ts';
import {
  type AnySketch,
  answersOf,
  caseLine,
  sketchCases,
  sketchOf,
} from '../../flink/udf/sketch-cases.ts';
import { randomEvents, skewedPlan, skewedView } from '../../flink/udf/skewed-events.ts';
import { howToRun, withServices } from '../service.ts';
import { startFlink, type TestFlink } from './flink-gateway.ts';
import { defaultFlinkDirectory, installFlink } from './flink-install.ts';
import { functionJar, type FunctionJar } from './function-jar.ts';

const seed = Number(process.env['MILLRACE_SEED'] ?? 1);

let built: FunctionJar;
let flink: TestFlink;

beforeAll(async () => {
  if (withServices) built = await functionJar();
}, 300_000);

describe.skipIf(!withServices)(`${howToRun}: sketches in Java and here`, () => {
  it('have the same bytes for the same values, and merge in both directions', async () => {
    const cases = sketchCases(seed + 1000);
    const halves = cases.map((one) => {
      const middle = Math.floor(one.values.length / 2);
      return [
        sketchOf({ ...one, values: one.values.slice(0, middle) }),
        sketchOf({ ...one, values: one.values.slice(middle), first: middle }),
      ] as const;
    });
    const lines = cases.map((one, i) => {
      const [first] = halves[i] as (typeof halves)[number];
      return `${caseLine(one).trimEnd()}\t${base64(first.toBytes())}\n`;
    });
    const answers = (await sketchTool(lines.join(''))).trimEnd().split('\n');
    expect(answers.length).toBe(cases.length);
    for (const [i, one] of cases.entries()) {
      const [whole = '', second = '', merged = '', answered] = (answers[i] ?? '').split('\t');
      const [ours, rest] = halves[i] as (typeof halves)[number];
      const expected = sketchOf(one);
      expect(whole, one.name).toBe(base64(expected.toBytes()));
      expect(second, one.name).toBe(base64(rest.toBytes()));
      expect(merged, one.name).toBe(whole);
      mergeBytes(ours, Buffer.from(second, 'base64'));
      expect(base64(ours.toBytes()), one.name).toBe(whole);
      expect(answersOf(ours, one.type), one.name).toBe(answersOf(expected, one.type));
      expect(answered, one.name).toBe(caseLine(one).trimEnd().split('\t').at(-1));
    }
  });
});

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Takes theirs in: from bytes. */
function mergeBytes(ours: AnySketch, theirs: Uint8Array): void {
  if (ours instanceof HyperLogLog) ours.merge(HyperLogLog.fromBytes(theirs));
  else if (ours instanceof FrequentValues) ours.merge(FrequentValues.fromBytes(theirs));
  else ours.merge(DdSketch.fromBytes(theirs));
}

function sketchTool(input: string): Promise<string> {
  const lib = join(installFlink(defaultFlinkDirectory), 'lib', '*');
  const path = [built.jar, built.testClasses, lib].join(':');
  const flags = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', path];
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, out: string): void => (error ? reject(error) : resolve(out));
    const options = { maxBuffer: 64 * 1024 ** 2 };
    const child = execFile('java', [...flags, 'dev.millrace.flink.SketchTool'], options, done);
    child.stdin?.end(input);
  });
}

async function withSession<T>(run: (session: GatewaySession) => Promise<T>): Promise<T> {
  const session = await openGatewaySession({ url: flink.gateway, clock: systemClock });
  try {
    return await run(session);
  } finally {
    await session.close();
  }
}

const events = randomEvents(seed);
const later = events.slice(1900);

/** A folder of JSON that Flink looks into again and again, so that the job goes on. */
function tables(): FlinkTables {
  const format = { format: 'json' };
  return {
    project: 'functions',
    checkpointIntervalMs: null,
    source: () => ({
      connector: 'filesystem',
      instants: 'ms',
      options: {
        path: `file://${join(flink.folder, 'events')}`,
        'source.monitor-interval': '500 ms',
        ...format,
      },
    }),
    sinks: (view) => ({
      online: null,
      output: null,
      log: (group) => ({
        options: {
          connector: 'filesystem',
          path: `file://${join(flink.folder, view, group)}`,
          'json.timestamp-format.standard': 'ISO-8601',
          'sink.rolling-policy.rollover-interval': '500 ms',
          'sink.rolling-policy.check-interval': '500 ms',
          ...format,
        },
      }),
    }),
  };
}

/** Files come whole or not at all. */
function putEvents(name: string, rows: typeof events): void {
  const folder = join(flink.folder, 'events');
  mkdirSync(folder, { recursive: true });
  const lines = rows.map(({ row }) => exactJson(row));
  writeFileSync(join(flink.folder, name), `${lines.join('\n')}\n`);
  renameSync(join(flink.folder, name), join(folder, name));
}

function rowsOf(group: string): readonly Record<string, unknown>[] {
  const folder = join(flink.folder, skewedView.name, group);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.name.startsWith('.'))
    .flatMap((file) => readFileSync(join(file.parentPath, file.name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function planFolder(): PlanFolder {
  const folder = join(flink.folder, 'plans');
  mkdirSync(folder, { recursive: true });
  const pathOf = (name: string): string => join(folder, name);
  return {
    uri: `file://${folder}`,
    read: async (name) => {
      return readdirSync(folder).includes(name) ? readFileSync(pathOf(name), 'utf8') : null;
    },
    write: async (name, text) => {
      writeFileSync(pathOf(name), text);
      return true;
    },
    remove: async (name) => rmSync(pathOf(name), { force: true }),
    list: async () => readdirSync(folder),
  };
}

describe.skipIf(!withServices)(`${howToRun}: functions of ours on Flink`, () => {
  beforeAll(async () => {
    flink = await startFlink();
    putEvents('first.json', events.slice(0, 1900));
  }, 180_000);
  afterAll(() => flink?.stop());

  const program = (): FlinkProgram => compileFlink({ plan: skewedPlan, tables: tables() });

  it('without the jar the error says where it is to be had', async () => {
    const [first] = program().statements.filter(({ kind }) => kind === 'function');
    await expect(
      withSession(async (session) => {
        await session.execute(first?.text ?? '', first?.origin);
        await session.execute('SELECT millrace_approx_distinct(1)', 'view:skewed');
      }),
    ).rejects.toMatchObject({
      code: 'MR_FLINK_JAR',
      fix: expect.stringContaining('npm install millrace-flink-udf') as unknown,
    });
  });

  it('sketches made in SQL merge with each other and with ours', async () => {
    const [all = [], ...parts] = await withSession(async (session) => {
      await session.execute("SET 'execution.runtime-mode' = 'batch'");
      for (const name of Object.keys(flinkFunctions) as FlinkFunctionName[]) {
        await session.execute(`${functionStatement(name).text} USING JAR '${built.jar}'`);
      }
      const path = `file://${join(flink.folder, 'events')}`;
      await session.execute(
        `CREATE TEMPORARY TABLE e (user_id STRING, id BIGINT, amount DOUBLE, ts BIGINT) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json')`,
      );
      await session.execute(
        'CREATE TEMPORARY VIEW parts AS SELECT user_id, millrace_approx_distinct_sketch(id) AS d, millrace_quantile_sketch(amount) AS s, millrace_top_k_sketch(id, ts) AS k FROM e GROUP BY user_id',
      );
      const merged =
        'SELECT millrace_approx_distinct_merge(d) AS d, millrace_quantile_merge(s) AS s, millrace_top_k_merge(k) AS k FROM parts';
      const answers = 'millrace_approx_distinct_of(d), millrace_quantile_of(s, 0.5E0)';
      const { rows } = await session.execute(
        `SELECT user_id, d, s, k, ${answers} FROM (SELECT '' AS user_id, * FROM (${merged}) UNION ALL SELECT * FROM parts)`,
      );
      return rows.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    });
    const distinct = new HyperLogLog();
    const amounts = new DdSketch();
    const frequent = new FrequentValues();
    const first = events.slice(0, 1900);
    for (const { row } of first) {
      if (row['id'] !== null) {
        distinct.add(hashValue(row['id'] as bigint));
        frequent.add(row['id'] as bigint, row['ts'] as number, null);
      }
      if (row['amount'] !== null) amounts.add(row['amount'] as number);
    }
    const ours = [distinct, amounts, frequent].map((sketch) => base64(sketch.toBytes()));
    expect(all.slice(1)).toEqual([...ours, distinct.estimate(), amounts.quantile(0.5)]);
    expect(parts.length).toBe(4);
    const total = new HyperLogLog();
    for (const [, bytes] of parts) total.merge(HyperLogLog.fromBytes(fromBase64(bytes)));
    expect(base64(total.toBytes())).toBe(all[1]);
  }, 500_000);

  it('features are the engine’s for many values, and go on from a savepoint', async () => {
    const manager = new JobManager({ url: flink.jobManager, clock: systemClock });
    const cluster = {
      gatewayUrl: flink.gateway,
      manager,
      clock: systemClock,
      verifyTimeoutMs: 120_000,
      settleMs: 500,
    };
    const request = (settings: Readonly<Record<string, string>>): DeployRequest => ({
      cluster,
      folder: planFolder(),
      name: 'functions',
      program: withFunctionJar(withSettings(program(), settings), `file:${built.jar}`),
      plan: skewedPlan,
      parallelism: 1,
      fromSavepoint: null,
      isFresh: false,
      losesState: false,
      onStep: () => undefined,
    });
    const settings = {
      'pipeline.name': 'functions',
      'execution.checkpointing.interval': '1 s',
      'parallelism.default': '1',
    };
    await nothingDeployed(cluster);
    const started = await deployJob(request(settings));
    await untilWritten(started.job, 'lifetime', 500);
    const changed = { ...settings, 'execution.checkpointing.interval': '900 ms' };
    const upgrade = await deployJob(request(changed));
    expect(upgrade.savepoint).not.toBeNull();
    putEvents('later.json', later);
    for (const group of windowGroups(skewedView, [])) {
      // What is newer than the watermark waits for records that never come.
      const ours = engineRows(skewedPlan, group, events, { ended: false });
      expect(ours.length).toBeGreaterThan(0);
      await untilWritten(upgrade.job, group.name, ours.length);
      const theirs = comparableRows(rowsOf(group.name));
      expect(firstDifference(comparableRows(ours), theirs), group.name).toBeNull();
    }
    await endJob(cluster, upgrade.job);
  }, 500_000);
});

function withSettings(
  program: FlinkProgram,
  settings: Readonly<Record<string, string>>,
): FlinkProgram {
  const sets = Object.entries(settings).map(([name, value]) => ({
    kind: 'set' as const,
    name,
    origin: 'test',
    text: `SET '${name}' = '${value}'`,
  }));
  const rest = program.statements.filter(({ name }) => !Object.hasOwn(settings, name));
  return { ...program, statements: [...sets, ...rest] };
}

/** As before the first attempt. */
async function nothingDeployed(cluster: FlinkCluster): Promise<void> {
  const running = await runningJob(cluster.manager, 'functions');
  if (running !== null) await endJob(cluster, running.id);
  for (const name of ['plans', skewedView.name, join('events', 'later.json')]) {
    rmSync(join(flink.folder, name), { recursive: true, force: true });
  }
}

/** Waits until a window has so many rows in files that are done; a job that fails says why. */
async function untilWritten(job: string, group: string, count: number): Promise<void> {
  const manager = new JobManager({ url: flink.jobManager, clock: systemClock });
  for (let tries = 0; tries < 400; tries++) {
    if (rowsOf(group).length >= count) return;
    const failure = await manager.failure(job);
    if (failure !== null) throw new Error(failure.trace);
    await sleep(200);
  }
  throw new Error(`${rowsOf(group).length} rows of ${group}, and ${count} should come`);
}

function fromBase64(text: unknown): Uint8Array {
  return Buffer.from(String(text), 'base64');
}
