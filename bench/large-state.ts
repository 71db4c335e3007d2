// State that does not fit: `--gb` of it (96 features a user) in a process that may hold `--limit-mb`.
// Fills it, goes on until the middle of a steady phase and dies there as by kill -9; starts again, is
// timed until it is back, runs to the end, and then the rows of a sample of users are compared with
// rows computed anew from only their events, in memory.
// Run: node --conditions=millrace-src bench/large-state.ts [--gb 10] [--limit-mb 2048] [--memory 700MB]
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ChildResult, runChild } from './load/child-run.ts';
import { Arguments, inFolder, machine, rounded } from './load/measure.ts';
import { planLargeState } from './load/large/large-state-plan.ts';
import { compareSample } from './load/large/sample-check.ts';

const script = join(import.meta.dirname, 'load', 'large', 'large-state-run.ts');
const args = new Arguments();
const limitMb = args.number('limit-mb', 2048);

/** What was asked for, with what the runs cost in memory. */
function memoryOf({ killed, peakRssMb, peakAnonMb, peakGroupMb }: ChildResult) {
  return {
    ended: killed ?? 'by itself',
    peak_rss_mb: peakRssMb,
    peak_anon_mb: peakAnonMb,
    peak_with_file_pages_mb: peakGroupMb,
  };
}

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function measure(folder: string): Promise<boolean> {
  const passed = ['gb', 'memory', 'parallelism', 'checkpoints', 'backend'].flatMap((name) =>
    args.has(name) ? [`--${name}`, args.text(name, '')] : [],
  );
  const plan = planLargeState(args);
  const run = (rest: readonly string[]): Promise<ChildResult> =>
    runChild({
      script,
      args: [...passed, '--directory', folder, ...rest],
      residentMbMax: limitMb,
    });
  const first = await run([]);
  console.error(JSON.stringify({ first: first.result, ...memoryOf(first) }));
  const stateBytes = bytesBelow(join(folder, 'state'));
  const checkpointBytes = bytesBelow(join(folder, 'checkpoints'));
  const rate = String(first.result?.['events_per_second'] ?? 0);
  const second = await run(['--restore', rate]);
  console.error(JSON.stringify({ second: second.result, ...memoryOf(second) }));
  const compared = await compareSample(folder, plan);
  const isRight = compared.different === 0 && compared.compared === plan.sample.length;
  console.log(
    JSON.stringify({
      name: 'large-state',
      machine: machine(),
      users: plan.users,
      events: plan.events,
      limit_mb: limitMb,
      limit_by: first.peakGroupMb === null ? 'watchdog' : 'control group and watchdog',
      state_files_gb: rounded(stateBytes / 1e9, 2),
      checkpoint_files_gb: rounded(checkpointBytes / 1e9, 2),
      first: { ...first.result, ...memoryOf(first) },
      restored: { ...second.result, ...memoryOf(second) },
      sample: compared,
      is_right: isRight,
    }),
  );
  return isRight;
}

process.exitCode = (await inFolder(measure)) ? 0 : 1;
