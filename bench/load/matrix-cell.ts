// One cell of the matrix: fills the state (each key once), then takes events as fast as it can and
// tells what came of it; dies as a killed process does, so that a second one restores from the last
// checkpoint (`--restore <events per second before>`) and tells how soon it was back.
import * as jobs from '../../src/app/bench/bench-definitions.ts';
import type { FeatureView } from '../../src/define/feature-view.ts';
import { SubtaskState } from '../../src/engine/state/backend/subtask-state.ts';
import type { Residence } from '../../src/engine/state/residence.ts';
import { type LoadPhase, loadSource } from './load-source.ts';
import { Arguments, rounded } from './measure.ts';
import { ObservedStore } from './observed-store.ts';
import { type PhaseResult, PhaseRecorder } from './phase-recorder.ts';
import { processMemory } from './process-memory.ts';
import { RestoreWatch } from './restore-watch.ts';
import { readSettings, runLoad } from './run-load.ts';
import { eachUser, uniformUsers, zipfUsers } from './zipf.ts';

export interface CellResult extends PhaseResult {
  readonly fill_events_per_second: number;
  /** Resident memory without files that the keys brought: state, tables and garbage. */
  readonly bytes_per_key: number;
  readonly peak_rss_mb: number;
  /** The part of the keys that is in memory at the end. */
  readonly resident_share: number | null;
  readonly failed: string;
  readonly restore: object;
}

const hourMs = 3_600_000;
const args = new Arguments();
const keys = args.number('keys', 100_000);
const settings = readSettings(args);
const isZipf = args.text('users', 'uniform') === 'zipf';
const userOf = isZipf ? zipfUsers(keys, 0.99, 23) : uniformUsers(keys, 23);
// As many events on both sides of a comparison: state grows with them.
const events = args.number('events', 0);
// Milliseconds of event time from one event to the next while it is steady: 1 / 0.02 = 50,000 a second.
const stepMs = args.number('step-ms', 0.02);

// The fill lies in the half hour before: all of its records count while it is steady.
const startMs = Date.UTC(2026, 0, 1);
const fill: LoadPhase = {
  name: 'fill',
  until: { events: keys },
  eventsPerSecond: null,
  startMs,
  stepMs: hourMs / 2 / keys,
  userOf: eachUser(keys),
};
const steady: LoadPhase = {
  name: 'steady',
  until: events > 0 ? { events } : { seconds: args.number('seconds', 20) },
  eventsPerSecond: null,
  startMs: startMs + hourMs / 2,
  stepMs,
  userOf,
};

function viewOf(name: string): FeatureView {
  const view = Object.entries(jobs).find(([known]) => known === name)?.[1];
  if (view === undefined) throw new Error(`no job ${name}`);
  return view as unknown as FeatureView;
}

type Register = (this: SubtaskState, ...args: Parameters<SubtaskState['register']>) => Residence;

/** The state backends of this process: with worker threads they are elsewhere. */
const states = new Set<SubtaskState>();
const register = Reflect.get(SubtaskState.prototype, 'register') as Register;
SubtaskState.prototype.register = function (...args) {
  states.add(this);
  return register.apply(this, args);
};

function residentShare(): number | null {
  const all = [...states].map((state) => state.stats());
  const entries = all.reduce((sum, stats) => sum + stats.entries, 0);
  const resident = all.reduce((sum, stats) => sum + stats.residentEntries, 0);
  return entries === 0 ? null : rounded(resident / entries, 3);
}

const anonBefore = processMemory()?.anonMb ?? 0;
let filled: PhaseResult | null = null;

function onResult(result: PhaseResult): void {
  if (result.phase === 'fill') {
    filled = result;
    return;
  }
  const bytes = ((filled?.anon_mb ?? anonBefore) - anonBefore) * 2 ** 20;
  console.log(
    JSON.stringify({
      ...result,
      fill_events_per_second: filled?.events_per_second,
      bytes_per_key: rounded(bytes / keys),
      peak_rss_mb: processMemory()?.peakMb,
      resident_share: residentShare(),
    }),
  );
  // `--dies no`: it ends like any run, so that what it printed is all there is.
  if (settings.checkpointSeconds !== null && args.text('dies', 'yes') === 'yes')
    process.kill(process.pid, 'SIGKILL');
}

const store = new ObservedStore(null);
const recorder = new PhaseRecorder(store, onResult);
const rateBefore = args.number('restore', 0);
const restore = rateBefore === 0 ? null : new RestoreWatch(rateBefore);
const source = loadSource({
  phases: [fill, steady],
  onPhase: recorder.onPhase,
  onBatch: (count) => {
    recorder.onBatch(count);
    if (restore?.batch(count) !== true) return;
    console.log(JSON.stringify({ phase: recorder.phase?.name, ...restore.result() }));
    process.exit(0);
  },
});
const view = viewOf(args.text('job', 'j2'));
const directory = args.text('directory', '.');
const { onProgress } = recorder;
await runLoad({ view, source, store, settings, directory, onProgress });
