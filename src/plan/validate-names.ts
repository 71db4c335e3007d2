// Names: well formed, unique, and not those that rows use for themselves.
import type { Plan, ViewNode } from './plan.ts';
import type { Reporter } from './validate.ts';

const namePattern = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Columns that the feature log and the stores add to every row. */
export const reservedNames: readonly string[] = ['event_time', 'as_of', '_seq', '_arrival_time'];

export function validateNames(plan: Plan, report: Reporter): void {
  const all = [...plan.entities, ...plan.streams, ...plan.views, ...plan.services];
  for (const node of all) checkName(node.name, node.name, report);
  for (const nodes of [plan.entities, plan.streams, plan.views, plan.services]) {
    for (const name of duplicates(nodes.map((n) => n.name))) {
      report.error(
        name,
        'MR_DEFINITION_DUPLICATE',
        `the name "${name}" is used twice`,
        'rename one of them',
      );
    }
  }
  for (const view of plan.views) checkFeatureNames(view, report);
}

function checkFeatureNames(view: ViewNode, report: Reporter): void {
  const names = [...view.features, ...view.derived].map((f) => f.name);
  const keyNames = view.key.map((k) => k.name);
  for (const name of duplicates(names)) {
    const message = `view "${view.name}" has two features named "${name}"`;
    report.error(
      `${view.name}.features.${name}`,
      'MR_DEFINITION_DUPLICATE',
      message,
      'rename one of them',
    );
  }
  for (const name of names) {
    const path = `${view.name}.features.${name}`;
    checkName(name, path, report);
    if (reservedNames.includes(name) || keyNames.includes(name)) {
      const why = keyNames.includes(name) ? 'a key of the view' : 'a column of every row';
      report.error(path, 'MR_DEFINITION_NAME', `"${name}" is ${why}`, 'choose another name');
    }
  }
  if (names.length === 0) {
    report.error(
      view.name,
      'MR_DEFINITION_INVALID',
      `view "${view.name}" has no features`,
      'add one',
    );
  }
}

function checkName(name: string, path: string, report: Reporter): void {
  if (namePattern.test(name) && !name.includes('__')) return;
  report.error(
    path,
    'MR_DEFINITION_NAME',
    `"${name}" is not a name: letters, digits and single "_", a letter first`,
    `call it "${name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^[^A-Za-z]+/, '') || 'feature'}"`,
  );
}

function duplicates(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}
