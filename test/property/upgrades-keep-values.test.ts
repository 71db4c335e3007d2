// State of an older definition goes on under a newer one: random views over random histories, with a
// feature renamed, features added and features dropped in the middle. What both definitions have gives
// the values that the newer one would have given all along.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OperatorContext } from '../../src/engine/operators/operator.ts';
import { ImageTranslator } from '../../src/engine/operators/upgrade/image-translator.ts';
import { ViewOperator } from '../../src/engine/operators/view-operator.ts';
import { StateReader } from '../../src/engine/state/bytes/state-reader.ts';
import { StateWriter } from '../../src/engine/state/bytes/state-writer.ts';
import type { KeyImages } from '../../src/engine/state/residence.ts';
import type { Value } from '../../src/kernel/types/field-type.ts';
import { type FeatureNode, type Plan, streamOf, type ViewNode } from '../../src/plan/plan.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { formatCase } from '../../src/testing/arbitraries/format-case.ts';
import { batchOf, type OperatorCall, operatorCalls } from '../../src/testing/batches.ts';
import { rowsOf, type ViewRow } from '../../src/testing/operator-runner.ts';
import { timeSteps } from '../../src/testing/oracle/delivery.ts';
import { columnNode, featureNode } from '../../src/testing/plan-nodes.ts';
import { ThrashResidence } from '../../src/testing/thrash-residence.ts';
import { dearCaseCount, caseSeed } from './case-seed.ts';

interface Upgrade {
  readonly older: Plan;
  readonly newer: Plan;
}

/** Every window keeps a feature, loses one and gets two. */
function upgradeOf(plan: Plan): Upgrade {
  const view = plan.views[0] as ViewNode;
  const { fields } = streamOf(plan, view);
  const column = (name: string) => columnNode(fields.find((field) => field.name === name) as never);
  const other = (prefix: string, fn: 'max' | 'sum' | 'countDistinct', input: string) =>
    view.features.map(
      ({ name, window }): FeatureNode =>
        featureNode(`${prefix}_${name}`, { fn, input: column(input), window }),
    );
  const renamed = view.features.map((feature) => ({ ...feature, name: `new_${feature.name}` }));
  const withFeatures = (features: readonly FeatureNode[], rest: Partial<ViewNode>): Plan => ({
    ...plan,
    views: [{ ...view, features, derived: [], ...rest }],
  });
  const added = [...other('max', 'max', 'qty'), ...other('names', 'countDistinct', 'name')];
  return {
    older: withFeatures([...other('gone', 'sum', 'amount'), ...view.features], {}),
    newer: withFeatures([...added.slice(0, 1), ...renamed, ...added.slice(1)], {
      upgrade: {
        renamed: renamed.map(({ name }) => ({ feature: name, from: name.slice(4) })),
        added: 'empty',
        retyped: [],
      },
    }),
  };
}

interface Running {
  readonly operator: ViewOperator;
  readonly images: KeyImages;
  readonly backend: ThrashResidence;
}

function start(plan: Plan, give: (row: ViewRow) => void): Running {
  const view = plan.views[0] as ViewNode;
  const context: OperatorContext = {
    emit: (batch) => rowsOf(batch, view).forEach(give),
    late: () => {},
    fail: () => {},
  };
  const started: { images?: KeyImages; backend?: ThrashResidence } = {};
  const residence = (images: KeyImages): ThrashResidence => {
    started.images = images;
    started.backend = new ThrashResidence(images, { evicts: () => false });
    return started.backend;
  };
  const operator = new ViewOperator({ plan, view, context, residence });
  return {
    operator,
    images: started.images as KeyImages,
    backend: started.backend as ThrashResidence,
  };
}

function upgrade(from: Running, { older, newer }: Upgrade, give: (row: ViewRow) => void): Running {
  const view = newer.views[0] as ViewNode;
  const translator = new ImageTranslator({ older, newer, view });
  const to = start(newer, give);
  const head = new StateWriter();
  from.images.writeHead(head);
  const stored = from.backend.writeAll().map((key) => {
    const image = new StateWriter();
    translator.translateKey(new StateReader(key.image), image);
    return { ...key, image: image.toBytes() };
  });
  to.backend.restore(stored);
  const newHead = new StateWriter();
  translator.translateHead(new StateReader(head.toBytes()), newHead);
  const options = { ownsKey: () => true, takesCounters: true };
  to.images.readHead(new StateReader(newHead.toBytes()), options);
  return to;
}

function callOn({ operator }: Running, call: OperatorCall, plan: Plan): void {
  if (call.kind === 'idle') return operator.advanceIdleTime(call.nowMs);
  const stream = streamOf(plan, plan.views[0] as ViewNode);
  if (call.kind === 'rows') operator.processBatch(batchOf(stream, call.rows));
  if (call.afterMs !== Number.NEGATIVE_INFINITY) operator.advanceWatermark(call.afterMs);
}

/** Rows from a call on, as one line each; numbers with nine digits. */
function linesAfter(random: RandomCase, plans: Upgrade, isUpgraded: boolean): string[] {
  const stream = streamOf(random.plan, random.plan.views[0] as ViewNode);
  const calls = operatorCalls(timeSteps(stream, random.steps, random.splitCount), 3);
  const middle = calls.length >> 1;
  const rows: ViewRow[] = [];
  const none = (): void => {};
  let isAfter = false;
  const give = (row: ViewRow): void => {
    if (isAfter) rows.push(row);
  };
  let running = start(isUpgraded ? plans.older : plans.newer, isUpgraded ? none : give);
  for (const [i, call] of calls.entries()) {
    if (i === middle) {
      isAfter = true;
      if (isUpgraded) running = upgrade(running, plans, give);
    }
    callOn(running, call, plans.newer);
  }
  return rows.map(lineOf).sort();
}

function lineOf({ key, asOfMs, seq, eventTimeMs, values }: ViewRow): string {
  const kept = Object.entries(values).filter(([name]) => name.startsWith('new_'));
  return shown({ key, asOfMs, seq, eventTimeMs, kept });
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, item: Value) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (typeof item !== 'number' || Number.isInteger(item)) return item;
    return Number.isFinite(item) ? rounded(item) : String(item);
  });
}

/** What is left of great sums is a rounding error, on either side. */
function rounded(number: number): number {
  const digits = Number(number.toPrecision(9));
  return Math.abs(digits) < 1e-6 ? 0 : digits;
}

/** What differs first; null when nothing does. */
function verdict(random: RandomCase): string | null {
  const plans = upgradeOf(random.plan);
  const [ours, theirs] = [linesAfter(random, plans, true), linesAfter(random, plans, false)];
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  if (at < 0 && ours.length === theirs.length) return null;
  const i = at < 0 ? theirs.length : at;
  return `${formatCase(random)}\nrow ${i}\n  is ${ours[i]}\n  not ${theirs[i]}`;
}

describe('a changed definition', () => {
  it('goes on with the values of what it keeps', () => {
    const property = fc.property(anyCase(), (random) => verdict(random) === null);
    const numRuns = Math.ceil(dearCaseCount / 4);
    const outcome = fc.check(property, { seed: caseSeed, numRuns });
    if (!outcome.failed) return;
    const [random] = outcome.counterexample ?? [];
    const said = random === undefined ? String(outcome.errorInstance) : verdict(random);
    expect.fail(`MILLRACE_SEED=${caseSeed} case ${outcome.numRuns}\n${said}`);
  }, 120_000);
});
