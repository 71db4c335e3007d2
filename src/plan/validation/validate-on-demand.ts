// On-demand views: the views they read exist, types are what expressions give, and every name is one
// column in an answer and in a training set.
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatField, formatType, sameType } from '../../kernel/types/field-type.ts';
import { onDemandInputs } from '../on-demand-inputs.ts';
import type { OnDemandViewNode, Plan, ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';
import { checkExpression } from './check-expression.ts';
import { validateFields } from './validate-stream.ts';

export function validateOnDemand(plan: Plan, node: OnDemandViewNode, report: Reporter): void {
  validateFields(node.request, `${node.name}.request`, report);
  const views = sourcesOf(plan, node, report);
  for (const view of views) checkKeys(node, view, report);
  if (node.features.length === 0) {
    const message = `on-demand view "${node.name}" computes nothing`;
    report.error(`${node.name}.features`, 'MR_DEFINITION_INVALID', message, 'add a feature');
  }
  const inputs = onDemandInputs(plan, node);
  for (const { name, type, nullable, value } of node.features) {
    const path = `${node.name}.features.${name}`;
    checkExpression(value, inputs, path, report);
    if (sameType(value.type, type) && value.nullable === nullable) continue;
    const is = formatField({ name, type: value.type, nullable: value.nullable });
    const message = `is declared ${formatField({ name, type, nullable })}, but is ${is}`;
    report.error(path, 'MR_DEFINITION_TYPE', message);
  }
}

function sourcesOf(plan: Plan, node: OnDemandViewNode, report: Reporter): readonly ViewNode[] {
  const names = plan.views.map(({ name }) => name);
  return node.from.flatMap((name) => {
    const view = plan.views.find((candidate) => candidate.name === name);
    if (view !== undefined) return [view];
    const message = `there is no feature view "${name}"; ${suggestName(name, names)}`;
    report.error(`${node.name}.from`, 'MR_DEFINITION_NAME', message);
    return [];
  });
}

/** A column of the request may be a join key too; then it is one value of one type. */
function checkKeys(node: OnDemandViewNode, view: ViewNode, report: Reporter): void {
  for (const { name, type } of view.key) {
    const requested = node.request.find((field) => field.name === name);
    if (requested !== undefined && !sameType(requested.type, type)) {
      report.error(
        `${node.name}.request.${name}`,
        'MR_DEFINITION_TYPE',
        `is ${formatType(requested.type)}, but as a key of view "${view.name}" it is ${formatType(type)}`,
        'choose another name, or the same type',
      );
    }
    if (!node.features.some((feature) => feature.name === name)) continue;
    report.error(
      `${node.name}.features.${name}`,
      'MR_DEFINITION_NAME',
      `"${name}" is a key of view "${view.name}"`,
      'choose another name',
    );
  }
}
