// Queries from a seed on the engine and on a real Flink: what both print is the same, line by line. More
// of them with MILLRACE_SQL_QUERIES, others with MILLRACE_SQL_SEED.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSql } from '../../../src/app/sql/run-sql.ts';
import { openGatewaySession } from '../../../src/flink/client/gateway-client.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { bindScript } from '../../../src/sql/bind/bind-script.ts';
import { formatSqlType } from '../../../src/sql/bind/sql-type.ts';
import { eventsTable, randomEvents, randomQuery, viewOfSpend } from '../../sql/random-queries.ts';
import { howToRun, withServices } from '../service.ts';
import { startFlink, type TestFlink } from './flink-gateway.ts';

const firstSeed = Number(process.env['MILLRACE_SQL_SEED'] ?? 1);
const count = Number(process.env['MILLRACE_SQL_QUERIES'] ?? 12);
/** In one job. */
const together = 12;

describe.skipIf(!withServices)(`${howToRun}: queries from a seed`, () => {
  let flink: TestFlink;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-random-sql-'));
    const lines = randomEvents(firstSeed, 260).map((event) => JSON.stringify(event));
    writeFileSync(join(folder, 'events.jsonl'), `${lines.join('\n')}\n`);
    flink = await startFlink();
  }, 240_000);

  afterAll(async () => {
    await flink?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Tables, and an INSERT into a `print` table of its own for each query. */
  function statementsOf(seeds: readonly number[]): {
    readonly tables: readonly string[];
    readonly inserts: readonly string[];
  } {
    const setup = [eventsTable(join(folder, 'events.jsonl')), viewOfSpend];
    const sinks = seeds.map((seed) => {
      const [task] = bindScript([...setup, randomQuery(seed)].join(';\n')).tasks;
      const columns = (task?.query.columns ?? []).map(({ name, type }) => {
        return `\`${name}\` ${formatSqlType(type)}`;
      });
      return `CREATE TABLE q${seed} (${columns.join(', ')}) WITH ('connector' = 'print', 'print-identifier' = 'q${seed}')`;
    });
    const inserts = seeds.map((seed) => `INSERT INTO q${seed} ${randomQuery(seed)}`);
    return { tables: [...setup, ...sinks], inserts };
  }

  async function runOnFlink(tables: readonly string[], inserts: readonly string[]): Promise<void> {
    const session = await openGatewaySession({
      url: flink.gateway,
      clock: systemClock,
      timeoutMs: 240_000,
    });
    await session.execute("SET 'table.local-time-zone' = 'UTC'");
    await session.execute("SET 'parallelism.default' = '1'");
    // A watermark after every record, as from a topic.
    await session.execute("SET 'pipeline.auto-watermark-interval' = '0 ms'");
    for (const table of tables) await session.execute(table);
    const set = `EXECUTE STATEMENT SET BEGIN ${inserts.join(';\n')}; END`;
    const { jobId } = await session.execute(set);
    for (let state = ''; state !== 'FINISHED'; await sleep(200)) {
      const answer = await fetch(`${flink.jobManager}/jobs/${jobId}`);
      ({ state } = (await answer.json()) as { state: string });
      if (state === 'FAILED') throw new Error(`the job failed: ${await causeOf(String(jobId))}`);
    }
    await session.close();
  }

  async function printedByFlink(seeds: readonly number[]): Promise<readonly string[]> {
    const { tables, inserts } = statementsOf(seeds);
    await runOnFlink(tables, inserts);
    const out = readFileSync(join(flink.folder, 'cluster', 'log', 'taskmanager.out'), 'utf8');
    return out.split('\n');
  }

  async function causeOf(jobId: string): Promise<string> {
    const answer = await fetch(`${flink.jobManager}/jobs/${jobId}/exceptions`);
    return JSON.stringify(await answer.json()).slice(0, 4000);
  }

  async function printedByUs(seeds: readonly number[]): Promise<readonly string[]> {
    const { tables, inserts } = statementsOf(seeds);
    const printed: string[] = [];
    const script = [...tables, ...inserts].join(';\n');
    await runSql(script, { onPrint: (line) => printed.push(line) });
    return printed;
  }

  function linesOf(all: readonly string[], seed: number): readonly string[] {
    const prefix = `q${seed}> `;
    return all.filter((line) => line.startsWith(prefix)).sort();
  }

  const seeds = Array.from({ length: count }, (_, i) => firstSeed + i);
  const groups = Array.from({ length: Math.ceil(count / together) }, (_, i) =>
    seeds.slice(i * together, (i + 1) * together),
  );

  it.each(groups.map((group) => [group[0], group.at(-1), group] as const))(
    'of seeds %i to %i print the same on both',
    async (_first, _last, group) => {
      const ours = await printedByUs(group);
      const theirs = await printedByFlink(group);
      const differing = group.filter((seed) => {
        return linesOf(ours, seed).join('\n') !== linesOf(theirs, seed).join('\n');
      });
      const [seed] = differing;
      const query = seed === undefined ? '' : randomQuery(seed);
      expect({ differing, query }).toEqual({ differing: [], query: '' });
      expect(ours.length).toBeGreaterThan(group.length);
    },
    300_000,
  );

  const written = [
    ['json', "'format' = 'json'"],
    ['iso', "'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'"],
    ['csv', "'format' = 'csv'"],
    ['nil', "'format' = 'csv', 'csv.field-delimiter' = ';', 'csv.null-literal' = 'nil'"],
  ] as const;

  /** The same rows in every format, in folders of `who`. */
  function filesOf(who: string): { tables: readonly string[]; inserts: readonly string[] } {
    const columns =
      'seq INT, k STRING, c STRING, b BIGINT, d DOUBLE, e DOUBLE, p DECIMAL(10, 2), q DECIMAL(21, 13), ' +
      'f BOOLEAN, rt TIMESTAMP_LTZ(3), lt TIMESTAMP(3), dt DATE, fl FLOAT';
    const query =
      'SELECT seq, k, c, b, d, d * 1234567.5 / 3, p, p / 3, f, rt, CAST(rt AS TIMESTAMP(3)), CAST(rt AS DATE), CAST(d AS FLOAT) / 3 FROM ev';
    const tables = written.map(
      ([name, options]) =>
        `CREATE TABLE ${name} (${columns}) WITH ('connector' = 'filesystem', 'path' = '${join(folder, who, name)}', ${options})`,
    );
    const inserts = written.map(([name]) => `INSERT INTO ${name} ${query}`);
    return { tables: [eventsTable(join(folder, 'events.jsonl')), ...tables], inserts };
  }

  function linesIn(who: string, name: string): readonly string[] {
    const path = join(folder, who, name);
    const files = readdirSync(path, { withFileTypes: true }).filter((file) => file.isFile());
    const lines = files.flatMap((file) => readFileSync(join(path, file.name), 'utf8').split('\n'));
    return lines.filter((line) => line !== '').sort();
  }

  it('written to files of each format are the same text', async () => {
    const ours = filesOf('ours');
    await runSql([...ours.tables, ...ours.inserts].join(';\n'));
    const theirs = filesOf('theirs');
    await runOnFlink(theirs.tables, theirs.inserts);
    for (const [name] of written) expect(linesIn('ours', name)).toEqual(linesIn('theirs', name));
    expect(linesIn('ours', 'csv')).toHaveLength(260);
  }, 300_000);
});
