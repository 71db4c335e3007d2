// `millrace lag`: how far consumer groups are behind, ours or any other. Exit code 1 when one is critical.
import type { Command } from 'commander';
import { resolveProject } from '../../app/config/resolve-project.ts';
import { type LagEndpoint, startLagEndpoint } from '../../app/lag/lag-endpoint.ts';
import { type LagOptions, readLag, watchLag } from '../../app/lag/lag-monitor.ts';
import { formatInstant } from '../../kernel/instant.ts';
import type { LagReport } from '../../observe/lag.ts';
import { collect, parseMs, parseNumber } from '../arguments.ts';
import {
  type CliHost,
  type Invocation,
  newCommand,
  onAction,
  parseWhole,
  projectOptions,
} from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatLag } from '../progress.ts';
import { formatCount, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface LagFlags {
  readonly group?: readonly string[];
  readonly brokers?: string;
  readonly watch?: boolean;
  readonly interval?: number;
  readonly warn?: number;
  readonly critical?: number;
  readonly warnSeconds?: number;
  readonly criticalSeconds?: number;
  readonly metricsPort?: number;
}

export function lagCommand(host: CliHost): Command {
  const command = newCommand('lag', 'how far consumer groups are behind: ours, or any other', [
    'millrace lag --env production',
    'millrace lag --watch --warn 10000 --critical 100000 --critical-seconds 60',
    'millrace lag --brokers localhost:9092 --group somebody-else --json',
  ])
    .option('--group <name>', 'this group; may be given again (default: those of the job)', collect)
    .option('--brokers <addresses>', 'host:port,… of a cluster; needs no configuration')
    .option('--watch', 'look again and again, until Ctrl-C')
    .option(
      '--interval <duration>',
      'from one look to the next (default 1s)',
      parseMs('--interval'),
    )
    .option('--warn <records>', 'WARN from so many records on', parseNumber('--warn'))
    .option('--critical <records>', 'CRITICAL from so many records on', parseNumber('--critical'))
    .option('--warn-seconds <n>', 'WARN from so many seconds on', parseNumber('--warn-seconds'))
    .option(
      '--critical-seconds <n>',
      'CRITICAL from so many seconds on',
      parseNumber('--critical-seconds'),
    )
    .option(
      '--metrics-port <n>',
      'with --watch: serve /metrics for Prometheus; 0 takes a free port',
      parseWhole('--metrics-port', 0, 65_535),
    );
  return onAction<[], LagFlags>(command, host, async (invocation, _args, flags) => {
    const project =
      flags.brokers !== undefined && flags.group !== undefined
        ? null
        : await resolveProject(await invocation.load(), {
            ...projectOptions(invocation.options),
            env: invocation.options.env,
          });
    return flags.watch === true
      ? watch(project, invocation, flags)
      : once(project, invocation, flags);
  });
}

type Project = Parameters<typeof readLag>[0];

async function once(
  project: Project,
  { terminal }: Invocation,
  flags: LagFlags,
): Promise<ExitCode> {
  const reports = await readLag(project, optionsOf(flags));
  for (const report of reports) printReport(terminal, report);
  terminal.printJson(reports);
  return exitCodeFor(reports);
}

async function watch(project: Project, invocation: Invocation, flags: LagFlags): Promise<ExitCode> {
  const { terminal, signal } = invocation;
  let endpoint: LagEndpoint | null = null;
  let last: readonly LagReport[] = [];
  try {
    if (flags.metricsPort !== undefined) {
      endpoint = await startLagEndpoint(flags.metricsPort);
      terminal.log('info', `metrics at ${endpoint.url}`);
    }
    for await (last of watchLag(project, { ...optionsOf(flags), signal })) {
      endpoint?.update(last);
      for (const report of last) terminal.print(lineOf(report));
    }
  } finally {
    await endpoint?.close();
  }
  terminal.printJson(last);
  return exitCodeFor(last);
}

function exitCodeFor(reports: readonly LagReport[]): ExitCode {
  const isCritical = reports.some(({ level }) => level === 'CRITICAL');
  return isCritical ? exitCodes.userError : exitCodes.ok;
}

function optionsOf(flags: LagFlags): LagOptions {
  const { group, brokers, interval, warn, critical, warnSeconds, criticalSeconds } = flags;
  return {
    ...(group === undefined ? {} : { groups: group }),
    ...(brokers === undefined ? {} : { access: { brokers: brokers.split(',') } }),
    ...(interval === undefined ? {} : { intervalMs: interval }),
    ...(warn === undefined ? {} : { warnRecords: warn }),
    ...(critical === undefined ? {} : { criticalRecords: critical }),
    ...(warnSeconds === undefined ? {} : { warnSeconds }),
    ...(criticalSeconds === undefined ? {} : { criticalSeconds }),
  };
}

function printReport(terminal: Terminal, report: LagReport): void {
  terminal.print(lineOf(report));
  const rows = report.partitions.map((p) => [
    p.topic,
    String(p.partition),
    p.committed === null ? 'none' : String(p.committed),
    String(p.end),
    formatCount(p.lag),
    behindText(p.seconds_behind),
  ]);
  const header = ['topic', 'partition', 'committed', 'end', 'lag', 'behind'];
  terminal.print(formatTable(header, rows, new Set([1, 2, 3, 4, 5])));
  terminal.print();
}

function lineOf({ group, level, lag, seconds_behind, trend, at_ms }: LagReport): string {
  const pace =
    trend === null
      ? ''
      : `, ${trend.direction} (in ${formatCount(trend.produced_per_second)}/s, out ` +
        `${formatCount(trend.consumed_per_second)}/s${drainText(trend.drained_in_seconds)})`;
  const behind = seconds_behind === null ? '' : `, ${behindText(seconds_behind)} behind`;
  return `${formatInstant(at_ms)} ${level} ${group}: ${formatCount(lag)} records${behind}${pace}`;
}

function drainText(seconds: number | null): string {
  return seconds === null || seconds === 0 ? '' : `, drained in ${formatLag(seconds * 1000)}`;
}

function behindText(seconds: number | null): string {
  return seconds === null ? 'unknown' : formatLag(seconds * 1000);
}
