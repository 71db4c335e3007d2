// `millrace bench`: the built-in benchmark on this machine.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type BenchJob,
  type BenchReport,
  type BenchRun,
  benchJobs,
  runBench,
} from '../../app/bench/run-bench.ts';
import { toJsonText } from '../../app/json-text.ts';
import { type CliHost, newCommand, onAction, parseWhole } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { formatCount, formatTable } from '../table.ts';

export interface BenchFlags {
  readonly events: number;
  readonly users: number;
  readonly job?: BenchJob[];
  readonly latencyEvents: number;
  readonly out?: string;
}

const countMax = 1_000_000_000;

export function benchCommand(host: CliHost): Command {
  const command = newCommand('bench', 'measure the engine on this machine', [
    'millrace bench',
    'millrace bench --events 200000 --job j2 --json --out bench/results/laptop.json',
  ])
    .option('--events <n>', 'events of each run', parseWhole('--events', 1, countMax), 1_000_000)
    .option('--users <n>', 'different keys', parseWhole('--users', 1, countMax), 100_000)
    .addOption(new Option('--job <name...>', 'jobs to run; all by default').choices(benchJobs))
    .option(
      '--latency-events <n>',
      'events of the latency run; 0 leaves it out',
      parseWhole('--latency-events', 0, countMax),
      5000,
    )
    .option('--out <file>', 'also write the result to a file');
  return onAction<[], BenchFlags>(command, host, async ({ terminal }, _args, flags) => {
    const report = await runBench({
      events: flags.events,
      users: flags.users,
      latencyEvents: flags.latencyEvents,
      ...(flags.job === undefined ? {} : { jobs: flags.job }),
      onRun: ({ name, events_per_second }) =>
        terminal.log('info', `${name}: ${formatCount(events_per_second)} events/s`),
    });
    if (flags.out !== undefined) await writeReport(flags.out, report);
    const { cpu, cores, memory_gb, node } = report.machine;
    terminal.print(`${cpu}, ${cores} cores, ${memory_gb} GB, Node ${node}\n`);
    terminal.print(formatTable(header, report.runs.map(rowOf), new Set([1, 2, 3, 4, 5, 6, 7, 8])));
    terminal.printJson(report);
    return exitCodes.ok;
  });
}

// The ratios are of events per CPU second, taken in this one run: machines differ, ratios hardly.
const header = [
  'run',
  'events',
  'events/s',
  'CPU s/M',
  '× JSON.parse',
  '× hand-written J2',
  'p50 ms',
  'p99 ms',
  'RSS MB',
];

function rowOf(run: BenchRun): readonly string[] {
  return [
    run.name,
    formatCount(run.events),
    formatCount(run.events_per_second),
    run.cpu_seconds_per_million.toFixed(2),
    run.ratio_to_floor?.toFixed(2) ?? '',
    run.ratio_to_hand_written?.toFixed(2) ?? '',
    run.p50_ms?.toFixed(1) ?? '',
    run.p99_ms?.toFixed(1) ?? '',
    formatCount(run.rss_mb),
  ];
}

async function writeReport(path: string, report: BenchReport): Promise<void> {
  await mkdir(dirname(resolve(path)), { recursive: true });
  await writeFile(resolve(path), `${toJsonText(report, 2)}\n`);
}
