// `millrace compare`: the rows of two jobs, feature by feature. Exit code 1 when anything differs.
import type { Command } from 'commander';
import { toJsonText } from '../../app/json-text.ts';
import type { App } from '../../app/millrace.ts';
import type { CompareOptions, Comparison } from '../../app/replay/compare-jobs.ts';
import type { Distribution, FeatureComparison } from '../../app/replay/feature-difference.ts';
import type { ViewComparison } from '../../app/replay/view-pairing.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { collect, parseNumber } from '../arguments.ts';
import { type CliHost, type Invocation, newCommand, onAction, parseWhole } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCount, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withApp } from '../with-app.ts';

interface CompareFlags {
  readonly with?: string;
  readonly view?: readonly string[];
  readonly tolerance?: number;
  readonly examples?: number;
}

export function compareCommand(host: CliHost): Command {
  const command = newCommand('compare', "compare a job's rows with those that readers are given", [
    'millrace compare next',
    'millrace compare next --view user_spend --json',
  ])
    .argument('<job>', 'the second job; `main` is the first')
    .option('--with <job>', 'compare with this job instead of the one that readers are given')
    .option('--view <name>', 'only this view; may be given again', collect)
    .option(
      '--tolerance <share>',
      'floats count as equal within this share (default 1e-9)',
      parseNumber('--tolerance'),
    )
    .option(
      '--examples <n>',
      'examples per feature (default 3)',
      parseWhole('--examples', 0, 1000),
    );
  return onAction<[string], CompareFlags>(command, host, (invocation, [job], flags) =>
    withApp(invocation, (app) => compare(app, invocation, job, flags)),
  );
}

async function compare(
  app: App,
  { terminal }: Invocation,
  job: string,
  flags: CompareFlags,
): Promise<ExitCode> {
  const { view: views, ...rest } = flags;
  const options: CompareOptions = {
    ...(rest.with === undefined ? {} : { with: rest.with }),
    ...(rest.tolerance === undefined ? {} : { tolerance: rest.tolerance }),
    ...(rest.examples === undefined ? {} : { examples: rest.examples }),
    ...(views === undefined ? {} : { views }),
  };
  const result = await app.replay.compare(job, options);
  printComparison(terminal, result);
  terminal.printJson(result);
  return result.equal ? exitCodes.ok : exitCodes.userError;
}

function printComparison(terminal: Terminal, { left, right, equal, views }: Comparison): void {
  for (const view of views) printView(terminal, view, left, right);
  terminal.print(equal ? `${left} and ${right} are equal` : `${left} and ${right} differ`);
}

function printView(terminal: Terminal, view: ViewComparison, left: string, right: string): void {
  const { rows } = view;
  const definition = view.same_definition ? 'the same definition' : 'another definition';
  terminal.print(
    `${view.view}: ${definition}; rows in both ${formatCount(rows.both)}, only in ${left} ` +
      `${formatCount(rows.only_left)}, only in ${right} ${formatCount(rows.only_right)}, ` +
      `of other instants ${formatCount(rows.unsettled)}`,
  );
  const lines = view.features.map((feature) => featureLine(feature, left, right));
  const header = ['feature', 'equal', 'differing', 'unsettled', 'mean diff', left, right];
  terminal.print(formatTable(header, lines, new Set([1, 2, 3, 4])));
  for (const { feature, examples } of view.features) {
    for (const { key, ...example } of examples) {
      terminal.print(
        `  ${feature} of ${toJsonText(key)}: ${toJsonText(example.left)} at ` +
          `${formatInstant(example.left_event_time_ms)}, ${toJsonText(example.right)} at ` +
          formatInstant(example.right_event_time_ms),
      );
    }
  }
  terminal.print();
}

function featureLine(feature: FeatureComparison, left: string, right: string): readonly string[] {
  if (feature.in !== 'both') {
    return [feature.feature, '', '', '', '', `only in ${feature.in === 'left' ? left : right}`, ''];
  }
  const { equal, differing, unsettled, difference } = feature;
  return [
    feature.feature,
    ...[equal, differing, unsettled].map(formatCount),
    difference === null ? '' : formatNumber(difference.mean),
    distributionText(feature.left),
    distributionText(feature.right),
  ];
}

function distributionText(side: Distribution | null): string {
  if (side === null) return '';
  const nulls = side.nulls === 0 ? '' : `, ${formatCount(side.nulls)} null`;
  if (side.numbers === null) return `${formatCount(side.values)} values${nulls}`;
  const { mean, p50, p95, max } = side.numbers;
  const [a, b, c, d] = [mean, p50, p95, max].map(formatNumber);
  return `mean ${a}, p50 ${b}, p95 ${c}, max ${d}${nulls}`;
}

function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
