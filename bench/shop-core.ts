// ShopCore: 50 features of each of 2.5 M users, each event a new row in the embedded store. Fills the
// state (each user `--per-user` times over a day), then takes events as fast as it can (users by
// Zipf's law, 0.99), then at `--load` of that rate: from the intended time of an event until its row
// can be read. Run: node --conditions=millrace-src bench/shop-core.ts [--users N] [--per-user N]
//   [--seconds N] [--load 0.5] [--backend memory|disk] [--memory 2GB] [--parallelism N] [--checkpoints S]
import { tuneMalloc } from '../bin/node24.mjs';
import { embedded } from '../src/adapters/embedded/index.ts';
import { fillNs } from './load/event-pool.ts';
import { type LoadPhase, loadSource } from './load/load-source.ts';
import { Arguments, inFolder, machine, rounded } from './load/measure.ts';
import { ObservedStore } from './load/observed-store.ts';
import { type PhaseResult, PhaseRecorder } from './load/phase-recorder.ts';
import { processMemory } from './load/process-memory.ts';
import { readSettings, runLoad } from './load/run-load.ts';
import { shopCore } from './load/shop-core.ts';
import { eachUser, zipfUsers } from './load/zipf.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;

// As the command line does it for `run`.
tuneMalloc();

const args = new Arguments();
const users = args.number('users', 2_500_000);
const perUser = args.number('per-user', 6);
const seconds = args.number('seconds', 30);
const load = args.number('load', 0.5);
/** Each phase draws its own users, by the same law. */
const zipf = (seed: number): ((index: number) => number) => zipfUsers(users, 0.99, seed);

function phases(): LoadPhase[] {
  const nowMs = Date.now();
  const fast = { eventsPerSecond: null, stepMs: 0.01 };
  return [
    {
      name: 'fill',
      until: { events: users * perUser },
      eventsPerSecond: null,
      startMs: nowMs - dayMs,
      stepMs: (dayMs - 20 * minuteMs) / (users * perUser),
      userOf: eachUser(users),
    },
    // Until the keys in memory are those that Zipf's law wants, and not those that were filled last.
    {
      ...fast,
      name: 'warm',
      until: { events: users },
      startMs: nowMs - 15 * minuteMs,
      userOf: zipf(17),
    },
    {
      ...fast,
      name: 'saturated',
      until: { seconds },
      startMs: nowMs - 10 * minuteMs,
      userOf: zipf(18),
    },
  ];
}

/** The rate is known when the saturated phase is over. */
function pacedAt(eventsPerSecond: number): LoadPhase {
  const rest = { startMs: 0, stepMs: 0, userOf: zipf(19) };
  return { name: 'paced', until: { seconds }, eventsPerSecond, ...rest };
}

async function run(folder: string): Promise<void> {
  const settings = readSettings(args);
  const store = new ObservedStore(embedded('./online'));
  const list = phases();
  const recorder = new PhaseRecorder(store, (result: PhaseResult) => {
    console.error(JSON.stringify(result));
    if (result.phase === 'saturated') list.push(pacedAt(rounded(load * result.events_per_second)));
  });
  const source = loadSource({
    phases: list,
    onPhase: recorder.onPhase,
    onBatch: (count) => {
      recorder.onBatch(count);
      // Rows of all but the last round of filling are replaced anyway.
      store.isKeeping = recorder.events > users * (perUser - 1);
    },
  });
  const { onProgress } = recorder;
  const rest = { view: shopCore, directory: folder, settings };
  const summary = await runLoad({ ...rest, source, store, onProgress });
  console.log(
    JSON.stringify({
      name: 'shop-core',
      machine: machine(),
      users,
      events_per_user: perUser,
      settings,
      generator_ns: rounded(fillNs(zipf(17))),
      state_bytes_per_user: rounded(recorder.stateBytes / users),
      rows_out: summary.rows_out,
      late_records: summary.late_records,
      checkpoints: summary.checkpoints,
      peak_rss_mb: processMemory()?.peakMb,
      phases: recorder.results,
    }),
  );
}

await inFolder(run);
