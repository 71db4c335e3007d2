// A long run at a share of what the engine can do, with a checkpoint every ten seconds: does memory
// grow, does latency drift, does a checkpoint fail? First every user gets all that its windows can hold,
// so that state is as large as it ever gets, then measures the capacity and goes open loop at `--load`
// of it. A line a minute; exit code 1 when a checkpoint failed.
// Run: node --conditions=millrace-src bench/soak.ts --minutes 30 --load 0.5 [--view shop_core|j2]
//   [--users N] [--backend memory|disk] [--memory 1GB] [--parallelism N] [--checkpoints 10] [--out FILE]
import { writeFileSync } from 'node:fs';
import { tuneMalloc } from '../bin/node24.mjs';
import { embedded } from '../src/adapters/embedded/index.ts';
import { j2Arrival } from '../src/app/bench/bench-definitions.ts';
import type { FeatureView } from '../src/define/feature-view.ts';
import { LatencyHistogram } from './load/latency-histogram.ts';
import { type LoadPhase, loadSource } from './load/load-source.ts';
import { Arguments, inFolder, machine, rounded } from './load/measure.ts';
import { MinuteLog } from './load/minute-log.ts';
import { ObservedStore } from './load/observed-store.ts';
import { PhaseRecorder, type PhaseResult } from './load/phase-recorder.ts';
import { processMemory } from './load/process-memory.ts';
import { readSettings, runLoad } from './load/run-load.ts';
import { shopCore } from './load/shop-core.ts';
import { eachUser, zipfUsers } from './load/zipf.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

// As the command line does it for `run`.
tuneMalloc();

const args = new Arguments();
const minutes = args.number('minutes', 30);
const load = args.number('load', 0.5);
const users = args.number('users', 20_000);
const isShop = args.text('view', 'shop_core') === 'shop_core';
const view = (isShop ? shopCore : j2Arrival) as unknown as FeatureView;
const settings = readSettings(args, { checkpoints: 10 });
const userOf = zipfUsers(users, 0.99, 29);

const everyUser = eachUser(users);

/** Events of all users at regular times, from so long before the next phase. */
function filled(name: string, beforeMs: number, everyMs: number, times: number): LoadPhase {
  return {
    name,
    until: { events: users * times },
    eventsPerSecond: null,
    startMs: Date.now() - beforeMs,
    stepMs: everyMs / users,
    userOf: everyUser,
  };
}

const capacityPhase = { name: 'capacity', until: { seconds: 20 }, eventsPerSecond: null };

/**
 * What follows a phase. A user has an event in each day of the last week, then in each hour of the last
 * day, then in each minute of the last hour: windows neither fill nor empty in the long part.
 */
function phaseAfter({ phase, events_per_second }: PhaseResult): LoadPhase | null {
  switch (phase) {
    case 'week':
      return filled('day', dayMs, hourMs, 24);
    case 'day':
      return filled('hour', hourMs, minuteMs, 60);
    case 'hour':
      return { ...capacityPhase, startMs: Date.now() - minuteMs, stepMs: 0.02, userOf };
    case 'capacity': {
      const eventsPerSecond = rounded(load * events_per_second);
      console.error(`capacity ${events_per_second} events/s, from now on ${eventsPerSecond}`);
      const until = { seconds: minutes * 60 };
      return { name: 'paced', until, eventsPerSecond, startMs: 0, stepMs: 0, userOf };
    }
    default:
      return null;
  }
}

async function soak(folder: string): Promise<boolean> {
  const store = new ObservedStore(embedded('./online'));
  const log = new MinuteLog();
  const list = [filled('week', 7 * dayMs, dayMs, 7)];
  const recorder = new PhaseRecorder(store, (result) => {
    const next = phaseAfter(result);
    if (next !== null) list.push(next);
  });
  const everyMinute = setInterval(() => {
    const { latency } = store;
    if (latency === null || recorder.phase?.name !== 'paced') return;
    // Minutes begin with the phase; the first line may be of less than one.
    store.latency = new LatencyHistogram();
    const row = log.add(latency, { bytes: recorder.stateBytes, ...recorder.checkpoints.counts });
    console.log(JSON.stringify(row));
  }, minuteMs);
  const { onPhase, onBatch, onProgress } = recorder;
  const source = loadSource({ phases: list, onPhase, onBatch });
  const rest = { view, source, store, settings, directory: folder };
  const summary = await runLoad({ ...rest, onProgress });
  clearInterval(everyMinute);
  const result = {
    name: 'soak',
    machine: machine(),
    view: view.name,
    users,
    load,
    settings,
    checkpoints: recorder.checkpoints.summary(),
    peak_rss_mb: processMemory()?.peakMb,
    ...log.drift(),
    phases: recorder.results,
    minutes: log.rows,
  };
  console.log(JSON.stringify({ ...result, minutes: undefined, phases: undefined }));
  const out = args.text('out', '');
  if (out !== '') writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
  const hasSome = settings.checkpointSeconds === null || summary.checkpoints > 0;
  return summary.failed_checkpoints === 0 && hasSome;
}

process.exitCode = (await inFolder(soak)) ? 0 : 1;
