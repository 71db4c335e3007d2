// One process of `large-state.ts`: the first dies in the middle of the steady phase, the second
// (`--restore <events per second>`) goes on from the last checkpoint to the end.
import { embedded } from '../../../src/adapters/embedded/index.ts';
import { planLargeState } from './large-state-plan.ts';
import { loadSource } from '../load-source.ts';
import { Arguments, rounded, startWatch } from '../measure.ts';
import { ObservedStore } from '../observed-store.ts';
import { PhaseRecorder } from '../phase-recorder.ts';
import { RestoreWatch } from '../restore-watch.ts';
import { readSettings, runLoad } from '../run-load.ts';
import { wideState } from './wide-state.ts';

const args = new Arguments();
const plan = planLargeState(args);
const settings = readSettings(args, { backend: 'disk', memory: '700MB', checkpoints: 30 });
const directory = args.text('directory', '.');
const rateBefore = args.number('restore', 0);
const restore = rateBefore === 0 ? null : new RestoreWatch(rateBefore);

const store = new ObservedStore(embedded('../online'));
store.isKeeping = false;
const recorder = new PhaseRecorder(store, (result) => console.error(JSON.stringify(result)));
let watch = startWatch();
let steadyEvents = 0;
let isBack = false;

function onBatch(count: number): void {
  recorder.onBatch(count);
  if (!isBack && restore?.batch(count) === true) isBack = true;
  if (recorder.phase?.name !== 'steady') return;
  steadyEvents += count;
  if (restore !== null || steadyEvents < plan.dieAt) return;
  const { elapsedMs, cpuMs } = watch();
  const rate = (ms: number): number => rounded((steadyEvents * 1000) / ms);
  console.log(
    JSON.stringify({
      events_per_second: rate(elapsedMs),
      events_per_cpu_second: rate(cpuMs),
      fill: recorder.results[0],
      pauses: recorder.gaps.summary(),
      state_bytes: recorder.stateBytes,
    }),
  );
  process.kill(process.pid, 'SIGKILL');
}

const source = loadSource({
  phases: plan.phases,
  onPhase: (phase) => {
    recorder.onPhase(phase);
    // Only the sample's last rows are looked at.
    store.isKeeping = phase?.name === 'sample';
    watch = startWatch();
  },
  onBatch,
});
const { onProgress } = recorder;
const view = wideState;
const summary = await runLoad({ view, source, store, settings, directory, onProgress });
console.log(
  JSON.stringify({
    ...restore?.result(),
    records_in: summary.records_in,
    steady: recorder.results.find(({ phase }) => phase === 'steady'),
  }),
);
