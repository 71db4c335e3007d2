// `millrace skew`: a sample of what was served against the same values computed from history, per
// feature with a verdict and a cause. Exit code 1 when something is skewed: for CI.
import type { Command } from 'commander';
import { millrace } from '../../../app/millrace.ts';
import type { FeatureSkew, SkewReport, ViewSkew } from '../../../app/skew/skew-report.ts';
import { formatDuration } from '../../../kernel/duration.ts';
import { formatInstant } from '../../../kernel/instant.ts';
import { parseInstant, parseMs, parseNumber } from '../../arguments.ts';
import { type CliHost, newCommand, onAction, parseWhole, projectOptions } from '../../command.ts';
import { arrivalFields } from '../offline/train.ts';
import { exitCodes } from '../../exit-code.ts';
import { createProgressLine } from '../../progress.ts';
import { formatCount, formatTable } from '../../table.ts';
import type { Terminal } from '../../terminal.ts';

interface SkewFlags {
  readonly view?: string[];
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly promise?: number;
  readonly training?: string;
  readonly arrivalField?: string[];
  readonly maxOff?: number;
  readonly maxPsi?: number;
  readonly maxKs?: number;
}

export function skewCommand(host: CliHost): Command {
  const command = newCommand('skew', 'what was served against what training has, and why not', [
    'millrace skew --view user_spend',
    'millrace skew --env production --from 2026-11-20T00:00:00Z --training train.parquet',
    'millrace skew --json --max-off 0.01',
  ])
    .option('--view <view...>', 'views to look at (default all)')
    .option('--from <instant>', 'rows served from here on', parseInstant('--from'))
    .option('--to <instant>', 'rows served before', parseInstant('--to'))
    .option('--limit <n>', 'newest rows of each view (default 100000)', whole('--limit'))
    .option(
      '--promise <duration>',
      'what rows may be behind where a view has no freshness (default 1m)',
      parseMs('--promise'),
    )
    .option(
      '--arrival-field <stream=field...>',
      'field that says when records arrived: tells late data from a stale store',
    )
    .option('--training <file>', 'a training set to compare distributions and ages with')
    .option('--max-off <share>', 'values that may differ (default 0.001)', parseNumber('--max-off'))
    .option('--max-psi <n>', 'population stability index (default 0.2)', parseNumber('--max-psi'))
    .option('--max-ks <n>', 'Kolmogorov-Smirnov distance (default 0.1)', parseNumber('--max-ks'));
  return onAction<[], SkewFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options, terminal, signal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    const line = createProgressLine(terminal);
    try {
      const report = await app.skew({
        ...given({ views: flags.view, fromMs: flags.from, toMs: flags.to, limit: flags.limit }),
        ...given({ promiseMs: flags.promise, training: flags.training }),
        arrivalFields: arrivalFields(flags.arrivalField ?? []),
        thresholds: given({ offMax: flags.maxOff, psiMax: flags.maxPsi, ksMax: flags.maxKs }),
        signal,
        onProgress: (text) => line.update(() => text),
      });
      line.end();
      printReport(terminal, report);
      terminal.printJson(report);
      return report.verdict === 'ok' ? exitCodes.ok : exitCodes.userError;
    } finally {
      line.end();
      await app.close();
    }
  });
}

function whole(option: string): (text: string) => number {
  return parseWhole(option, 1, 100_000_000);
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined. */
function given<T extends object>(options: T): Given<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<T>;
}

function printReport(terminal: Terminal, { views, unreadable, verdict }: SkewReport): void {
  for (const view of views) {
    terminal.print(headline(view));
    terminal.print(ageText(view));
    terminal.print(featureTable(view.features));
    for (const { feature, cause, evidence } of view.features) {
      if (cause !== null) terminal.print(`${feature}: ${causeText(cause)}: ${evidence}`);
    }
    terminal.print();
  }
  if (unreadable > 0) terminal.print(`${formatCount(unreadable)} lines could not be read`);
  terminal.print(verdict === 'ok' ? 'no skew' : 'SKEW: served values are not what training has');
}

function headline({ view, rows, from_ms, to_ms, not_found, definitions }: ViewSkew): string {
  const others = definitions.filter(({ is_current }) => !is_current);
  const by = others.map(({ name, rows: n, known }) => {
    return `${formatCount(n)} by definitions ${name}${known ? '' : ' (lost)'}`;
  });
  const missing = not_found === 0 ? [] : [`${formatCount(not_found)} not found`];
  return [
    `${view}: ${formatCount(rows)} rows served ${formatInstant(from_ms)} to ${formatInstant(to_ms)}`,
    ...missing,
    ...by,
  ].join(', ');
}

function ageText({ age_ms: { serving, training }, promise_ms }: ViewSkew): string {
  const text = ({ p50, p99 }: ViewSkew['age_ms']['serving']): string =>
    `p50 ${span(p50)}, p99 ${span(p99)}`;
  const promise = formatDuration(promise_ms);
  return `age at serving ${text(serving)}; at training ${text(training)}; promise ${promise}`;
}

function span(ms: number | null): string {
  if (ms === null) return '-';
  return formatDuration(ms < 10_000 ? Math.round(ms) : Math.round(ms / 1000) * 1000);
}

function featureTable(features: readonly FeatureSkew[]): string {
  const rows = features.map((of) => [
    of.feature,
    of.verdict,
    formatCount(of.values),
    formatCount(of.off),
    `${(of.off_share * 100).toFixed(2)} %`,
    formatCount(of.null_served + of.null_recomputed),
    of.psi === null ? '' : of.psi.toFixed(3),
    of.ks === null ? '' : of.ks.toFixed(3),
    of.cause === null ? '' : causeText(of.cause),
  ]);
  const header = ['feature', 'verdict', 'values', 'off', 'share', 'nulls', 'PSI', 'KS', 'cause'];
  return formatTable(header, rows, new Set([2, 3, 4, 5, 6, 7]));
}

function causeText(cause: string): string {
  return cause.replaceAll('_', ' ');
}
