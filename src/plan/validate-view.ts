// Views: key, filters, features and their windows, derived features, ttl.
import { formatDuration } from '../kernel/duration.ts';
import { isKeyKind } from '../kernel/key-encoding.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import { formatType, sameType } from '../kernel/types/field-type.ts';
import { aggregateResult } from './aggregate.ts';
import { checkExpression } from './check-expression.ts';
import type { FeatureNode, Plan, StreamNode, ViewNode } from './plan.ts';
import { predicatesOf } from './plan.ts';
import type { Reporter } from './validate.ts';
import { validateWindow } from './validate-window.ts';

export function validateView(plan: Plan, view: ViewNode, report: Reporter): void {
  let from = view.from;
  while (from.kind === 'filter') from = from.input;
  const streamName = from.stream;
  const stream = plan.streams.find((s) => s.name === streamName);
  if (stream === undefined) {
    const hint = suggestName(
      streamName,
      plan.streams.map((s) => s.name),
    );
    report.error(
      `${view.name}.from`,
      'MR_DEFINITION_NAME',
      `there is no stream "${streamName}"; ${hint}`,
    );
    return;
  }
  validateKey(plan, view, stream, report);
  for (const predicate of predicatesOf(view)) {
    checkExpression(predicate, stream.fields, `${view.name}.from`, report);
    if (predicate.type.kind !== 'bool')
      report.error(`${view.name}.from`, 'MR_DEFINITION_TYPE', 'a filter must be a bool');
  }
  for (const feature of view.features) validateFeature(view, stream, feature, report);
  for (const derived of view.derived) {
    checkExpression(derived.value, view.features, `${view.name}.derive.${derived.name}`, report);
  }
  validateEmission(view, stream, report);
}

function validateKey(plan: Plan, view: ViewNode, stream: StreamNode, report: Reporter): void {
  const entity = plan.entities.find((e) => e.name === view.entity);
  if (entity === undefined) {
    const hint = suggestName(
      view.entity,
      plan.entities.map((e) => e.name),
    );
    report.error(
      `${view.name}.entity`,
      'MR_DEFINITION_NAME',
      `there is no entity "${view.entity}"; ${hint}`,
    );
    return;
  }
  for (const part of view.key) {
    const path = `${view.name}.key.${part.name}`;
    checkExpression(part.value, stream.fields, path, report);
    if (!isKeyKind(part.type.kind)) {
      report.error(
        path,
        'MR_DEFINITION_KEY',
        `a ${formatType(part.type)} cannot be a key`,
        'keys are string, bool, int32, int64, bytes, date or timestamp',
      );
    } else if (!sameType(part.type, part.value.type)) {
      report.error(
        path,
        'MR_DEFINITION_KEY',
        `entity "${entity.name}" says ${formatType(part.type)}, stream "${stream.name}" says ${formatType(part.value.type)}`,
        'give both the same type',
      );
    } else if (part.value.nullable && !part.nullable) {
      report.error(
        path,
        'MR_DEFINITION_KEY',
        `"${part.name}" may be null in stream "${stream.name}", but not in entity "${entity.name}"`,
        'make the key .nullable(), the field not nullable, or filter the nulls out and .coalesce the key',
      );
    }
  }
}

function validateFeature(
  view: ViewNode,
  stream: StreamNode,
  feature: FeatureNode,
  report: Reporter,
): void {
  const path = `${view.name}.features.${feature.name}`;
  const { aggregate } = feature;
  if (aggregate.input !== null) checkExpression(aggregate.input, stream.fields, path, report);
  if (aggregate.where !== null)
    checkExpression(aggregate.where, stream.fields, `${path}.where`, report);
  const result = aggregateResult(aggregate.fn, aggregate.input?.type ?? null);
  if (typeof result === 'string') report.error(path, 'MR_DEFINITION_TYPE', result);
  else if (!sameType(result.type, feature.type)) {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `is declared ${formatType(feature.type)}, but is ${formatType(result.type)}`,
    );
  }
  if (aggregate.limit !== null && !(Number.isInteger(aggregate.limit) && aggregate.limit > 0)) {
    report.error(
      path,
      'MR_DEFINITION_WINDOW',
      `${aggregate.fn} needs a whole number above 0, not ${aggregate.limit}`,
    );
  }
  if (aggregate.quantile !== null && !(aggregate.quantile >= 0 && aggregate.quantile <= 1)) {
    report.error(
      path,
      'MR_DEFINITION_WINDOW',
      `quantile needs a number from 0 to 1, not ${aggregate.quantile}`,
    );
  }
  validateWindow(view, feature, report);
}

function validateEmission(view: ViewNode, stream: StreamNode, report: Reporter): void {
  if (view.ttlMs !== null && view.ttlMs <= 0) {
    report.error(
      `${view.name}.ttl`,
      'MR_DEFINITION_TTL',
      'the ttl must be longer than 0',
      "for example ttl: '8d'; leave it out for never",
    );
  }
  const rolls = view.features.some((f) => f.window.kind === 'rolling');
  if (rolls && stream.eventTime.outOfOrdernessMs === 0 && view.emit === 'watermark') {
    report.warn(
      `${view.name}.from`,
      'MR_DEFINITION_LATENESS',
      `stream "${stream.name}" has no outOfOrderness: a record with the same time as the newest one before it is late for rolling windows`,
      `give it eventTime: { outOfOrderness: '${formatDuration(1000)}' } or more`,
    );
  }
  if (typeof view.decayMs === 'number' && view.decayMs <= 0) {
    report.error(
      `${view.name}.decay`,
      'MR_DEFINITION_WINDOW',
      'decay must be longer than 0',
      "for example decay: '1m', or 'never'",
    );
  }
}
