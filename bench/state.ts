// The state backend alone: what `touch` costs, how fast keys leave and come back, how long a snapshot
// stops the operator, how long a restore takes, how many bytes a stored key needs.
// Run: node --expose-gc --conditions=millrace-src bench/state.ts [keys …] [--records N] [--width N]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStateFiles } from '../src/adapters/file/state/state-files.ts';
import type { SubtaskSnapshot } from '../src/engine/checkpoint/subtask-snapshot.ts';
import { SubtaskState } from '../src/engine/state/backend/subtask-state.ts';
import { keyGroupsOf } from '../src/kernel/key-group.ts';
import { seededRandom } from '../src/kernel/random.ts';
import { PlainImages } from './plain-images.ts';

const batchRows = 4096;
const windowMs = 3_600_000;

type Distribution = 'uniform' | 'zipf';

interface Subject {
  readonly images: PlainImages;
  readonly state: SubtaskState | null;
}

interface Settings {
  readonly keys: number;
  readonly width: number;
  readonly records: number;
}

function start(directory: string, prefix: string, settings: Settings, bytesMax: number | null) {
  const images = new PlainImages(settings.width, batchRows, windowMs);
  const state = new SubtaskState({
    files: fileStateFiles(directory),
    subtask: 0,
    keyGroups: keyGroupsOf(0, 1),
    memoryBytesMax: bytesMax,
    filePrefix: prefix,
  });
  images.attach(state.register('plain', images));
  return { images, state };
}

/** Draws keys; zipf by Gray et al. 1994, ranks scattered over the keys. */
function drawer(keys: number, distribution: Distribution, seed: number): () => number {
  const random = seededRandom(seed);
  if (distribution === 'uniform') return () => Math.floor(random.next() * keys);
  const theta = 0.99;
  let zeta = 0;
  for (let i = 1; i <= keys; i++) zeta += i ** -theta;
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / keys) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
  return () => {
    const u = random.next();
    const uz = u * zeta;
    let rank = Math.floor(keys * (eta * u - eta + 1) ** alpha);
    if (uz < 1) rank = 0;
    else if (uz < 1 + 0.5 ** theta) rank = 1;
    return (rank * 7_919_993) % keys;
  };
}

interface Timing {
  readonly recordsPerSecond: number;
  /** By the time that this thread computed, which others on the machine do not change. */
  readonly recordsPerCpuSecond: number;
  readonly batchP99CpuMs: number;
  readonly batchMaxCpuMs: number;
}

/** Processes records and times every batch. */
function run({ images, state }: Subject, draws: Float64Array, firstTime: number): Timing {
  const times: number[] = [];
  const begin = performance.now();
  const beginCpu = cpuMs();
  let last = beginCpu;
  for (let from = 0, batch = 0; from < draws.length; from += batchRows, batch++) {
    images.process(draws.subarray(from, from + batchRows), firstTime + batch * 10);
    state?.work(false);
    const now = cpuMs();
    times.push(now - last);
    last = now;
  }
  const seconds = (performance.now() - begin) / 1000;
  return {
    recordsPerSecond: Math.round(draws.length / seconds),
    recordsPerCpuSecond: Math.round((draws.length / (last - beginCpu)) * 1000),
    batchP99CpuMs: quantile(times, 0.99),
    batchMaxCpuMs: quantile(times, 1),
  };
}

function drawn(count: number, draw: () => number): Float64Array {
  return Float64Array.from({ length: count }, draw);
}

function fill(subject: Subject, keys: number): Timing {
  return run(
    subject,
    Float64Array.from({ length: keys }, (_, i) => (i * 7_919_993) % keys),
    0,
  );
}

/** Milliseconds that this thread has computed. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

const round = (value: number): number => Math.round(value * 100) / 100;
const memoryMb = (): number => Math.round(process.memoryUsage.rss() / 1e6);

/** One snapshot with batches between its slices: the flip, the slices, and what goes on meanwhile. */
function snapshot({ images, state }: Required<Subject>, draws: Float64Array) {
  if (state === null) throw new Error('no state');
  const begin = cpuMs();
  state.beginSnapshot(1);
  const flipCpuMs = cpuMs() - begin;
  const slices: number[] = [];
  for (let done = false, from = 0; !done; from += batchRows) {
    if (from < draws.length) images.process(draws.subarray(from, from + batchRows), 1e6);
    const sliceBegin = cpuMs();
    done = state.work(false);
    slices.push(cpuMs() - sliceBegin);
  }
  const part = state.takeSnapshot() as SubtaskSnapshot;
  const bytes = part.segments
    .filter(({ name }) => part.added.includes(name))
    .reduce((sum, segment) => sum + segment.bytes, part.head.bytes);
  return {
    part,
    flipCpuMs: round(flipCpuMs),
    slices: slices.length,
    sliceP50CpuMs: quantile(slices, 0.5),
    sliceP99CpuMs: quantile(slices, 0.99),
    sliceMaxCpuMs: quantile(slices, 1),
    snapshotCpuMs: round(slices.reduce((sum, ms) => sum + ms, flipCpuMs)),
    writtenMb: round(bytes / 1e6),
  };
}

function restore(directory: string, part: SubtaskSnapshot, settings: Settings, max: number | null) {
  const before = memoryMb();
  const subject = start(directory, `r${max ?? 'm'}`, settings, max);
  const begin = performance.now();
  const beginCpu = cpuMs();
  subject.state.restore([part]);
  const cpu = cpuMs() - beginCpu;
  const ms = performance.now() - begin;
  const { entries, overheadBytes } = subject.state.stats();
  return {
    subject,
    ms: Math.round(ms),
    cpuMsPerMillionKeys: round((cpu / entries) * 1e6),
    overheadBytesPerKey: round(overheadBytes / entries),
    rssMb: memoryMb() - before,
  };
}

function inMemory(directory: string, settings: Settings) {
  const { keys, records } = settings;
  const bare = { images: new PlainImages(settings.width, batchRows, windowMs), state: null };
  fill(bare, keys);
  const uniform = drawn(records, drawer(keys, 'uniform', 1));
  const zipf = drawn(records, drawer(keys, 'zipf', 2));
  const bareUniform = run(bare, uniform, 0);
  const bareZipf = run(bare, zipf, 0);
  const subject = start(directory, 'm', settings, null);
  const filled = fill(subject, keys);
  const first = snapshot(subject, new Float64Array(0));
  const withUniform = run(subject, uniform, 0);
  const withZipf = run(subject, zipf, 0);
  const dirty = Math.min(keys, 1_000_000);
  snapshot(subject, new Float64Array(0));
  run(
    subject,
    Float64Array.from({ length: dirty }, (_, i) => (i * 7_919_993) % keys),
    1e5,
  );
  const { part, ...second } = snapshot(subject, uniform);
  const { subject: restored, ...restoredMemory } = restore(directory, part, settings, null);
  restored.state.close();
  subject.state.close();
  return {
    part,
    report: {
      fill: filled,
      withoutBackend: { uniform: bareUniform, zipf: bareZipf },
      withBackend: { uniform: withUniform, zipf: withZipf },
      firstSnapshot: { ...first, part: undefined },
      snapshotOfMillionDirty: second,
      restore: restoredMemory,
    },
    memory: { uniform: withUniform, zipf: withZipf },
  };
}

function onDisk(
  directory: string,
  part: SubtaskSnapshot,
  settings: Settings,
  memory: Record<Distribution, Timing>,
) {
  const { keys, records, width } = settings;
  const perKey = width * 8 + 1 + 60;
  const reports: Record<string, unknown> = {};
  for (const distribution of ['zipf', 'uniform'] as const) {
    globalThis.gc?.();
    const max = Math.max(4 * 1024 * 1024, Math.round(keys * 60 + (keys / 10) * perKey));
    const { subject, ...restored } = restore(directory, part, settings, max);
    const draw = drawer(keys, distribution, 3);
    run(subject, drawn(Math.round(records / 2), draw), 2e5);
    const { evictedKeys } = subject.state.stats();
    const timing = run(subject, drawn(records, draw), 4e5);
    const stats = subject.state.stats();
    const { part: taken, ...pause } = snapshot(subject, drawn(records / 10, draw));
    reports[distribution] = {
      budgetMb: round(max / 1e6),
      restore: restored,
      ...timing,
      toMemory: round(timing.recordsPerCpuSecond / memory[distribution].recordsPerCpuSecond),
      evictedPerRecord: round((stats.evictedKeys - evictedKeys) / records),
      residentShare: round(stats.residentEntries / stats.entries),
      overheadBytesPerKey: round(stats.overheadBytes / stats.entries),
      keptBudget: round((stats.residentBytes + stats.overheadBytes) / max),
      filesToLive: round(stats.segmentBytes / stats.liveBytes),
      compactedSegments: stats.compactedSegments,
      snapshot: pause,
    };
    subject.state.close();
    for (const { name } of fileStateFiles(directory).list()) {
      const isPart = part.segments.some((segment) => segment.name === name);
      if (!isPart && name !== part.head.name) fileStateFiles(directory).remove(name);
    }
    if (taken.segments.length === 0) throw new Error('nothing was written');
  }
  return reports;
}

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

function main(): void {
  const width = option('width', 12);
  const counts = process.argv.slice(2).filter((text, i, all) => {
    return /^\d+$/.test(text) && all[i - 1]?.startsWith('--') !== true;
  });
  const results: unknown[] = [];
  for (const keys of counts.length > 0 ? counts.map(Number) : [10_000, 1_000_000, 10_000_000]) {
    const settings = { keys, width, records: option('records', 4_000_000) };
    const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-state-'));
    try {
      const { part, report, memory } = inMemory(directory, settings);
      globalThis.gc?.();
      results.push({
        keys,
        width,
        memory: report,
        disk: onDisk(directory, part, settings, memory),
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    console.log(JSON.stringify(results.at(-1), null, 2));
  }
}

main();
