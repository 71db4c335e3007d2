// What a view says of its past must be about features that it has, and migrations must give what
// their features take.
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatType, sameType } from '../../kernel/types/field-type.ts';
import type { ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';
import { oldValueColumn } from '../upgrade/upgrade-node.ts';
import { checkExpression } from './check-expression.ts';

export function validateUpgrade(view: ViewNode, report: Reporter): void {
  if (view.upgrade === undefined) return;
  const path = `${view.name}.upgrade`;
  const { renamed, retyped } = view.upgrade;
  const isKnown = (at: string, feature: string): boolean => {
    const names = view.features.map(({ name }) => name);
    if (names.includes(feature)) return true;
    const message = `there is no feature "${feature}"; ${suggestName(feature, names)}`;
    report.error(at, 'MR_DEFINITION_NAME', message);
    return false;
  };
  for (const { feature } of renamed) isKnown(`${path}.renamed.${feature}`, feature);
  for (const { feature, from, by } of retyped) {
    const at = `${path}.retyped.${feature}`;
    if (!isKnown(at, feature)) continue;
    checkExpression(by, [{ name: oldValueColumn, type: from, nullable: false }], at, report);
    const input = view.features.find(({ name }) => name === feature)?.aggregate.input;
    if (!input || sameType(by.type, input.type)) continue;
    const message = `gives ${formatType(by.type)}, but the feature keeps ${formatType(input.type)}`;
    report.error(at, 'MR_DEFINITION_TYPE', message);
  }
}
