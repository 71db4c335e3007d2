// Views: filters, features, derived features, when rows appear. Declared types and nullability must
// be what the expressions and aggregates really give.
import { formatDuration } from '../../kernel/duration.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatField, formatType, sameType } from '../../kernel/types/field-type.ts';
import { aggregateResult } from '../aggregate.ts';
import { checkCondition, checkExpression } from './check-expression.ts';
import { type FeatureNode, type Plan, predicatesOf, type StreamNode } from '../plan.ts';
import type { ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';
import { validateKey } from './validate-key.ts';
import { validateUpgrade } from './validate-upgrade.ts';
import { validateWindow } from './validate-window.ts';

/** As many values as the summary of frequent ones keeps. */
const topValuesMax = 1000;

export function validateView(plan: Plan, view: ViewNode, report: Reporter): void {
  validateEmission(view, report);
  for (const feature of view.features) validateWindow(view, feature, report);
  const stream = plan.streams.find((s) => s.name === streamNameOf(view));
  if (stream === undefined) {
    const names = plan.streams.map((s) => s.name);
    const message = `there is no stream "${streamNameOf(view)}"`;
    const hint = suggestName(streamNameOf(view), names);
    report.error(`${view.name}.from`, 'MR_DEFINITION_NAME', `${message}; ${hint}`);
    return;
  }
  validateKey(plan, view, stream, report);
  for (const predicate of predicatesOf(view)) {
    checkCondition(predicate, stream.fields, `${view.name}.from`, report);
  }
  for (const feature of view.features) validateFeature(view, stream, feature, report);
  validateDerived(view, report);
  validateUpgrade(view, report);
  warnOfTies(view, stream, report);
}

function streamNameOf(view: ViewNode): string {
  let from = view.from;
  while (from.kind === 'filter') from = from.input;
  return from.stream;
}

function validateFeature(
  view: ViewNode,
  stream: StreamNode,
  feature: FeatureNode,
  report: Reporter,
): void {
  const path = `${view.name}.features.${feature.name}`;
  const { aggregate, name, type, nullable } = feature;
  const { fn, input, where } = aggregate;
  if (input !== null) checkExpression(input, stream.fields, path, report);
  if (where !== null) checkCondition(where, stream.fields, `${path}.where`, report);
  const result = aggregateResult(fn, input?.type ?? null, aggregate.user);
  if (typeof result === 'string') report.error(path, 'MR_DEFINITION_TYPE', result);
  else if (!sameType(result.type, type) || result.nullable !== nullable) {
    const message = `is declared ${formatField({ name, type, nullable })}`;
    const is = formatField({ name, ...result });
    report.error(path, 'MR_DEFINITION_TYPE', `${message}, but is ${is}`);
  }
  validateNumbers(feature, path, report);
  validateUser(feature, path, report);
}

/** The numbers of an aggregate are there where they are needed, and make sense. */
function validateNumbers({ aggregate }: FeatureNode, path: string, report: Reporter): void {
  const { fn, limit, quantile, distinct, halfLifeMs } = aggregate;
  const fail = (message: string, fix: string): void =>
    report.error(path, 'MR_DEFINITION_WINDOW', message, fix);
  const needsLimit = fn === 'firstN' || fn === 'lastN' || fn === 'countBy' || fn === 'topK';
  const limitMax = fn === 'topK' ? topValuesMax : Number.MAX_SAFE_INTEGER;
  const isLimit = limit !== null && Number.isSafeInteger(limit) && limit > 0 && limit <= limitMax;
  if (needsLimit ? !isLimit : limit !== null) {
    fail(
      needsLimit
        ? `${fn} needs a whole number ${fn === 'topK' ? `from 1 to ${topValuesMax}` : 'above 0'}, not ${String(limit)}`
        : `${fn} has no limit`,
      needsLimit
        ? `for example ${fn}(x, ${fn === 'countBy' ? '{ max: 50 }' : '5'})`
        : 'leave it out',
    );
  }
  const isShare = quantile !== null && quantile >= 0 && quantile <= 1;
  if (fn === 'quantile' ? !isShare : quantile !== null) {
    fail(
      fn === 'quantile'
        ? `quantile needs a number from 0 to 1, not ${String(quantile)}`
        : `${fn} has no quantile`,
      fn === 'quantile' ? 'the 95th percentile is quantile(x, 0.95)' : 'leave it out',
    );
  }
  if (fn === 'ewma' ? !((halfLifeMs ?? 0) > 0) : halfLifeMs !== undefined) {
    report.error(
      `${path}.halfLife`,
      'MR_DEFINITION_DURATION',
      fn === 'ewma' ? 'the half-life must be longer than 0' : `${fn} has no half-life`,
      fn === 'ewma' ? "for example ewma(x, '1h')" : 'leave it out',
    );
  }
  if (distinct && fn !== 'sum') {
    fail(`${fn} cannot be distinct`, 'only sum can; to count different values use countDistinct');
  }
}

/** What the plan says of an aggregate that a user wrote makes sense. */
function validateUser({ aggregate }: FeatureNode, path: string, report: Reporter): void {
  const { fn, user } = aggregate;
  if (user === undefined) return;
  if (fn !== 'user') {
    report.error(path, 'MR_DEFINITION_AGGREGATE', `${fn} is no aggregate that a user wrote`);
  }
  if (!(Number.isSafeInteger(user.version) && user.version > 0)) {
    const message = `the version of ${user.name} must be a whole number above 0`;
    report.error(path, 'MR_DEFINITION_AGGREGATE', `${message}, not ${user.version}`);
  }
  if (user.state.length === 0) {
    const fix = 'for example schema: { lo: t.float64().nullable() }';
    report.error(path, 'MR_DEFINITION_AGGREGATE', `${user.name} keeps nothing`, fix);
  }
}

function validateDerived(view: ViewNode, report: Reporter): void {
  for (const { name, type, nullable, value } of view.derived) {
    const path = `${view.name}.derive.${name}`;
    checkExpression(value, view.features, path, report);
    if (sameType(value.type, type) && value.nullable === nullable) continue;
    const is = formatField({ name, type: value.type, nullable: value.nullable });
    const message = `is declared ${formatField({ name, type, nullable })}, but is ${is}`;
    report.error(path, 'MR_DEFINITION_TYPE', message);
  }
}

function validateEmission(view: ViewNode, report: Reporter): void {
  const lengths = [
    ['ttl', view.ttlMs, 'MR_DEFINITION_TTL', "for example ttl: '8d'; leave it out for never"],
    ['freshness', view.freshnessMs, 'MR_DEFINITION_INVALID', "for example freshness: '5s'"],
    ['decay', view.decayMs, 'MR_DEFINITION_WINDOW', "for example decay: '1m', or 'never'"],
  ] as const;
  for (const [name, ms, code, fix] of lengths) {
    if (typeof ms !== 'number' || ms > 0) continue;
    report.error(`${view.name}.${name}`, code, `the ${name} must be longer than 0`, fix);
  }
}

function warnOfTies(view: ViewNode, stream: StreamNode, report: Reporter): void {
  const rolls = view.features.some((f) => f.window.kind === 'rolling');
  if (!rolls || stream.eventTime.outOfOrdernessMs > 0 || view.emit !== 'watermark') return;
  report.warn(
    `${view.name}.from`,
    'MR_DEFINITION_LATENESS',
    `stream "${stream.name}" has no outOfOrderness: a record with the same ` +
      `${formatType({ kind: 'timestamp' })} as the newest one before it is late for rolling windows`,
    `give it eventTime: { outOfOrderness: '${formatDuration(1000)}' } or more`,
  );
}
