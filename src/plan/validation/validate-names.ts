// Names: well formed, unique, and not those that rows use for themselves. Names become columns,
// file names and parts of keys in stores, so they are narrow.
import type { OnDemandViewNode, Plan, ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';
import { rowsStreamName } from '../rows-stream.ts';

const namePattern = /^[a-z][a-z0-9_]*$/;
const nameLengthMax = 200;
/** Columns that the feature log and the stores add to every row. */
export const reservedNames: readonly string[] = ['event_time', 'as_of', '_seq', '_arrival_time'];

export function validateNames(plan: Plan, report: Reporter): void {
  const kinds = [
    ['entities', plan.entities],
    ['streams', plan.streams],
    ['views', [...plan.views, ...(plan.onDemand ?? [])]],
    ['services', plan.services],
  ] as const;
  for (const [kind, nodes] of kinds) {
    for (const node of nodes) if (!isRows(node)) checkName(node.name, node.name, report);
    for (const name of duplicates(nodes.map((n) => n.name))) {
      const message = `there are two ${kind} named "${name}"`;
      report.error(name, 'MR_DEFINITION_DUPLICATE', message, 'rename one of them');
    }
  }
  checkUids(plan, report);
  for (const entity of plan.entities) {
    checkColumns(
      entity.key.map((field) => field.name),
      `${entity.name}.key`,
      report,
    );
  }
  for (const view of plan.views) checkFeatureNames(view, report);
  for (const view of plan.onDemand ?? []) checkOnDemandNames(view, report);
}

/** The stream of a view's rows is named after it, as no other may be. */
function isRows(node: { readonly name: string; readonly rowsOf?: string }): boolean {
  return node.rowsOf !== undefined && node.name === rowsStreamName(node.rowsOf);
}

/** In a training set, what was requested and what is computed of it lie side by side. */
function checkOnDemandNames({ name, request, features }: OnDemandViewNode, report: Reporter): void {
  const requested = request.map((field) => field.name);
  const computed = features.map((feature) => feature.name);
  checkColumns([...new Set(requested)], `${name}.request`, report);
  checkColumns([...new Set(computed)], `${name}.features`, report);
  for (const twice of duplicates([...requested, ...computed])) {
    const message = `view "${name}" has two columns named "${twice}"`;
    report.error(`${name}.features.${twice}`, 'MR_DEFINITION_DUPLICATE', message, 'rename one');
  }
}

/** State is found by uid: two operators must not share one. */
function checkUids(plan: Plan, report: Reporter): void {
  const features = plan.views.flatMap((view) => view.features);
  const nodes = [...plan.streams, ...plan.views, ...(plan.onDemand ?? []), ...features];
  for (const uid of duplicates(nodes.map((node) => node.uid))) {
    const names = nodes.filter((node) => node.uid === uid).map((node) => node.name);
    if (new Set(names).size === 1) continue;
    const message = `${names.join(' and ')} have the same uid "${uid}"`;
    report.error(names[0] ?? uid, 'MR_DEFINITION_DUPLICATE', message, 'uids come from names');
  }
}

/** Names that become columns beside those of every row. */
function checkColumns(names: readonly string[], path: string, report: Reporter): void {
  for (const name of names) {
    const at = `${path}.${name}`;
    checkName(name, at, report);
    if (reservedNames.includes(name)) {
      const message = `"${name}" is a column of every row`;
      report.error(at, 'MR_DEFINITION_NAME', message, 'choose another name');
    }
  }
}

function checkFeatureNames(view: ViewNode, report: Reporter): void {
  const names = [...view.features, ...view.derived].map((f) => f.name);
  const keyNames = view.key.map((part) => part.name);
  checkColumns([...new Set(names)], `${view.name}.features`, report);
  for (const name of duplicates(names)) {
    report.error(
      `${view.name}.features.${name}`,
      'MR_DEFINITION_DUPLICATE',
      `view "${view.name}" has two features named "${name}"`,
      'rename one of them',
    );
  }
  for (const name of keyNames.filter((key) => names.includes(key))) {
    report.error(
      `${view.name}.features.${name}`,
      'MR_DEFINITION_NAME',
      `"${name}" is a key of the view`,
      'choose another name',
    );
  }
  if (names.length === 0) {
    const message = `view "${view.name}" has no features`;
    report.error(`${view.name}.features`, 'MR_DEFINITION_INVALID', message, 'add one');
  }
}

function checkName(name: string, path: string, report: Reporter): void {
  const isWellFormed = namePattern.test(name) && !name.includes('__');
  if (isWellFormed && name.length <= nameLengthMax) return;
  const rule = 'lower case letters, digits and single "_", a letter first';
  report.error(
    path,
    'MR_DEFINITION_NAME',
    `"${name}" is not a name: ${rule}, at most ${nameLengthMax}`,
    `call it "${suggest(name)}"`,
  );
}

/** The same name in the allowed letters: `spendPerHour` is `spend_per_hour`. */
function suggest(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, nameLengthMax);
  if (words === '') return 'feature';
  return /^[a-z]/.test(words) ? words : `n_${words}`;
}

function duplicates(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}
