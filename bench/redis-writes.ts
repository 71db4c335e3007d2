// How fast rows of 10 features go to Redis, versions compared there: the store of a job on a real
// server of the same machine, both layouts, beside what the server takes when nothing is compared (bare
// MSET of the same bytes) in the same run; and reads of 1 and 100 rows of 50 features of the same store.
// Run: node --conditions=millrace-src bench/redis-writes.ts [--seconds 4] [--keys 100000] [--batch 4096]
//      [--layouts packed,feast] [--json]
import { createClient } from 'redis';
import { redis } from '../src/adapters/redis/index.ts';
import { packRows } from '../src/columns/packed-row-writer.ts';
import type { VectorBatch } from '../src/columns/vector-batch.ts';
import { encodeKey } from '../src/kernel/key-encoding.ts';
import type { Field } from '../src/kernel/types/field-type.ts';
import type { OnlineStore, StoredView } from '../src/ports/online-store.ts';
import { vectorBatch } from '../src/testing/vectors.ts';
import { startRedis } from '../test/integration/redis/redis-server.ts';
import { Arguments, machine, rounded, startWatch } from './load/measure.ts';
import { groupCpuMs } from './load/process-cpu.ts';

const args = new Arguments();
const seconds = args.number('seconds', 4);
const keyCount = args.number('keys', 100_000);
const batchRows = args.number('batch', 4096);
const layouts = args.text('layouts', 'packed,feast').split(',') as ('packed' | 'feast')[];
const isJson = args.has('json');

function say(text: string): void {
  if (!isJson) console.log(text);
}

const key: readonly Field[] = [{ name: 'user_id', type: { kind: 'string' }, nullable: false }];

/** `count` features: half int64, half float64. */
function viewOf(name: string, count: number): StoredView {
  const features = Array.from(
    { length: count },
    (_, i): Field => ({
      name: `f${i}`,
      type: { kind: i % 2 === 0 ? 'int64' : 'float64' },
      nullable: true,
    }),
  );
  return { view: name, key, features, fingerprint: name };
}

const narrow = viewOf('narrow', 10);
const wide = viewOf('wide', 50);

/** All keys in batches; `seq` of a round makes all of them newer than before. */
function batchesOf(view: StoredView, count: number): readonly VectorBatch[] {
  const batches: VectorBatch[] = [];
  for (let from = 0; from < count; from += batchRows) {
    const rows = Array.from({ length: Math.min(batchRows, count - from) }, (_, i) => ({
      key: { user_id: `user-${from + i}` },
      values: Object.fromEntries(
        view.features.map(({ name, type }, j) => [
          name,
          type.kind === 'int64' ? BigInt((from + i) * 10 + j) : (from + i) / (j + 1),
        ]),
      ),
      asOfMs: 1_700_000_000_000,
      seq: 1,
    }));
    batches.push(vectorBatch(view, rows));
  }
  return batches;
}

interface Written {
  readonly rowsPerSecond: number;
  /** Processor time of this process and of the server, per row. */
  readonly clientUs: number;
  readonly serverUs: number;
}

/** Writes round after round, each newer than the last, `ahead` batches at a time as a job's views do. */
async function writeFor(store: OnlineStore, serverPid: number): Promise<Written> {
  const batches = batchesOf(narrow, keyCount);
  const round = async (seq: number, untilMs: number): Promise<number> => {
    let rows = 0;
    let pending: Promise<void>[] = [];
    for (const batch of batches) {
      batch.seq.fill(seq);
      pending.push(store.write(batch));
      rows += batch.rowCount;
      if (pending.length === 2) {
        await Promise.all(pending);
        pending = [];
        if (performance.now() > untilMs) break;
      }
    }
    await Promise.all(pending);
    return rows;
  };
  await round(1, Number.POSITIVE_INFINITY);
  const untilMs = performance.now() + seconds * 1000;
  const serverMs = groupCpuMs(serverPid);
  const watch = startWatch();
  let rows = 0;
  for (let seq = 2; performance.now() < untilMs; seq++) rows += await round(seq, untilMs);
  const { elapsedMs, cpuMs } = watch();
  return {
    rowsPerSecond: Math.round((rows / elapsedMs) * 1000),
    clientUs: rounded((cpuMs * 1000) / rows, 2),
    serverUs: rounded(((groupCpuMs(serverPid) - serverMs) * 1000) / rows, 2),
  };
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One request after the other. */
async function readFor(store: OnlineStore, rowCount: number): Promise<Latency> {
  const keys = Array.from({ length: 20_000 }, (_, i) => encodeKey(key, { user_id: `user-${i}` }));
  const times: number[] = [];
  const untilMs = performance.now() + Math.min(2, seconds) * 1000;
  for (let n = 0; performance.now() < untilMs; n++) {
    const from = (n * 7919) % (keys.length - rowCount);
    const startMs = performance.now();
    await store.read('wide', keys.slice(from, from + rowCount));
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => rounded(times[Math.floor(times.length * share)] ?? 0, 3);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** What the server takes without any comparison: the same keys and bytes by MSET, 200 rows each. */
async function bareFor(url: string): Promise<number> {
  const client = createClient({ url });
  await client.connect();
  const commands = batchesOf(narrow, keyCount).flatMap((batch) => {
    const rows = packRows(batch, Array(batch.rowCount).keys());
    const parts: (string | Buffer)[][] = [];
    for (let from = 0; from < rows.length; from += 200) {
      const part: (string | Buffer)[] = ['MSET'];
      for (let i = from; i < Math.min(from + 200, rows.length); i++) {
        part.push(`bare:${i}`, Buffer.from(rows[i] ?? []));
      }
      parts.push(part);
    }
    return parts;
  });
  let rows = 0;
  const startMs = performance.now();
  const untilMs = startMs + seconds * 1000;
  for (let i = 0; performance.now() < untilMs; i += 8) {
    const some = Array.from({ length: 8 }, (_, j) => commands[(i + j) % commands.length] ?? []);
    await Promise.all(some.map((command) => client.sendCommand(command)));
    for (const command of some) rows += (command.length - 1) / 2;
  }
  const perSecond = Math.round((rows / (performance.now() - startMs)) * 1000);
  client.destroy();
  return perSecond;
}

const server = await startRedis();
const results: Record<string, unknown> = { machine: machine(), seconds, keyCount, batchRows };
try {
  const bare = await bareFor(server.url);
  results['bare_mset_rows_per_second'] = bare;
  say(`bare MSET, nothing compared   ${bare} rows/s`);
  for (const [database, layout] of layouts.entries()) {
    const binding = redis(`${server.url}/${database + 1}`, { layout });
    const context = { project: 'bench', baseDirectory: '.', views: [narrow, wide] };
    const store = await binding.open({ ...context, mode: 'write' });
    const written = await writeFor(store, server.pid);
    for (const batch of batchesOf(wide, 20_000)) await store.write(batch);
    const one = await readFor(store, 1);
    const hundred = await readFor(store, 100);
    results[layout] = { ...written, ratio: rounded(written.rowsPerSecond / bare, 2), one, hundred };
    say(
      `${layout.padEnd(8)} ${written.rowsPerSecond} rows/s of 10 features, versioned (${rounded(written.rowsPerSecond / bare, 2)} of bare); ` +
        `${written.clientUs} us here, ${written.serverUs} us in the server a row`,
    );
    say(
      `  read 1 x 50: p50 ${one.p50Ms}  p99 ${one.p99Ms} ms;  100 x 50: p50 ${hundred.p50Ms}  p99 ${hundred.p99Ms} ms`,
    );
    await store.close();
  }
} finally {
  await server.stop();
}
if (isJson) console.log(JSON.stringify(results, null, 2));
