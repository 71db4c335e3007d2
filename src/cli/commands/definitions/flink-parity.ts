// `millrace flink parity`: the definitions on the engine and on the cluster, over the same events.
import type { Command } from 'commander';
import { flinkParity, type FlinkParityOptions } from '../../../app/flink/parity/flink-parity.ts';
import type {
  FlinkParityReport,
  FlinkParityWindow,
} from '../../../app/flink/parity/parity-report.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type CliHost, type Invocation, newCommand, onAction, parseWhole } from '../../command.ts';
import { type ExitCode, exitCodes } from '../../exit-code.ts';
import { formatCount, formatTable } from '../../table.ts';

interface ParityFlags {
  readonly events?: readonly string[];
  readonly generate?: number;
  readonly seed?: number;
  readonly partitions?: number;
  readonly views?: readonly string[];
  readonly parallelism: readonly number[];
  readonly folder?: string;
  readonly junit?: string;
  readonly timeout: number;
}

export function flinkParityCommand(host: CliHost): Command {
  const command = newCommand('parity', 'compare every row of engine and cluster', [
    'millrace flink parity --env fleet --parallelism 1,2 --junit parity.xml',
    'millrace flink parity --env fleet --events ./yesterday.jsonl',
    'millrace flink parity --env fleet --generate 5000 --seed 7 --views user_spend',
  ])
    .option(
      '--events <files...>',
      "events, one file a partition, in the stream's format; stream=path where there are several",
    )
    .option('--generate <n>', 'make up so many events', parseWhole('--generate', 1, 1_000_000))
    .option('--seed <n>', 'of what is made up', parseWhole('--seed', 0, 2 ** 31))
    .option('--partitions <n>', 'of what is made up', parseWhole('--partitions', 1, 64))
    .option('--views <names>', 'only these views, with commas', names)
    .option('--parallelism <n>', 'of the jobs, with commas', parallelisms, [1])
    .option('--folder <path>', 'a folder that this machine and the cluster share')
    .option('--junit <file>', 'write the report as JUnit too')
    .option(
      '--timeout <seconds>',
      'a job that takes longer is given up',
      parseWhole('--timeout', 1, 86_400),
      300,
    );
  return onAction<[], ParityFlags>(command, host, parityAction);
}

function names(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function parallelisms(text: string): readonly number[] {
  const numbers = names(text).map(parseWhole('--parallelism', 1, 1024));
  if (numbers.length > 0) return numbers;
  throw new MillraceError('MR_USAGE', '--parallelism names no number', {
    fix: 'write --parallelism 1,2',
  });
}

async function parityAction(
  { load, options, terminal }: Invocation,
  _args: readonly [],
  { timeout, ...flags }: ParityFlags,
): Promise<ExitCode> {
  const wanted: FlinkParityOptions = {
    env: options.env,
    parallelism: flags.parallelism,
    timeoutMs: timeout * 1000,
    onStep: (text) => {
      terminal.log('info', text);
    },
    ...(flags.events === undefined ? {} : { events: flags.events }),
    ...(flags.generate === undefined ? {} : { generate: flags.generate }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.partitions === undefined ? {} : { partitions: flags.partitions }),
    ...(flags.views === undefined ? {} : { views: flags.views }),
    ...(flags.folder === undefined ? {} : { folder: flags.folder }),
    ...(flags.junit === undefined ? {} : { junit: flags.junit }),
  };
  const report = await flinkParity(await load(), wanted);
  for (const line of reportLines(report)) terminal.print(line);
  terminal.printJson(report);
  return report.equal ? exitCodes.ok : exitCodes.userError;
}

function reportLines(report: FlinkParityReport): readonly string[] {
  const { windows, not_compared: refused } = report;
  const equal = windows.filter((window) => window.equal);
  const notes = new Set(
    windows.flatMap(({ view, by_design: texts }) => texts.map((text) => `${view}: ${text}`)),
  );
  return [
    formatTable(header, windows.map(cells), new Set([2, 3, 4, 5, 6, 7, 8, 9])),
    ...windows.filter((window) => !window.equal).flatMap(differenceLines),
    ...[...notes].map((text) => `by design, set equal here: ${text}`),
    ...refused.map(({ view, reason }) => `not compared: ${view}: ${reason}`),
    `${formatCount(equal.length)} of ${formatCount(windows.length)} windows are equal`,
  ];
}

const header = [
  ...['view', 'window', 'parallelism', 'rows engine', 'rows Flink', 'differ', 'missing', 'extra'],
  ...['late engine', 'late Flink', ''],
];

function cells(window: FlinkParityWindow): readonly string[] {
  const { late_flink: late } = window;
  return [
    window.view,
    window.window,
    String(window.parallelism),
    ...[window.rows_engine, window.rows_flink, window.differing].map(formatCount),
    ...[window.missing, window.extra, window.late_engine].map(formatCount),
    late === null ? '-' : formatCount(late),
    window.equal ? 'equal' : 'DIFFERENT',
  ];
}

function differenceLines({
  view,
  window,
  failure,
  examples,
}: FlinkParityWindow): readonly string[] {
  const head = `${view}, ${window}:`;
  return [
    ...(failure === null ? [] : [`${head} ${failure}`]),
    ...examples.map((text) => `${head} ${text}`),
  ];
}
