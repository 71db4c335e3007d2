// Which feature of an older view each feature of a newer one goes on with, and how its kept values
// become others.
import { compileProjection } from '../../../codegen/compile-projection.ts';
import { columnForField, ensureRows } from '../../../columns/column-builder.ts';
import type { Column } from '../../../columns/column.ts';
import { putValue } from '../../../columns/put-value.ts';
import { readValue } from '../../../columns/read-value.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import type { Plan, ViewNode } from '../../../plan/plan.ts';
import type { FeatureComparison } from '../../../plan/upgrade/compare-plans.ts';
import { comparePlans } from '../../../plan/upgrade/compare-plans.ts';
import { oldValueColumn, type RetypedFeature } from '../../../plan/upgrade/upgrade-node.ts';

export interface FormerFeature {
  /** Its index in the older view. */
  readonly index: number;
  /** From a kept value, never null, to one of the newer view; null when they are the same. */
  readonly convert: ((value: Value) => Value) | null;
  /** Whether numbers made of kept values, such as sums, are the same after the conversion. */
  readonly keepsNumbers: boolean;
}

/** Per feature of the newer view; null for one that starts empty. Throws MR_STATE_SCHEMA when refused. */
export function formerFeatures(
  older: Plan,
  newer: Plan,
  view: ViewNode,
): readonly (FormerFeature | null)[] {
  const comparison = comparePlans(older, newer).views.find((entry) => entry.view === view.name);
  const before = older.views.find(({ name }) => name === view.name);
  if (comparison === undefined || before === undefined) return view.features.map(() => null);
  const refusals = [comparison, ...comparison.features].filter(({ fate }) => fate === 'refused');
  if (refusals.length > 0) throw refused(view.name, refusals);
  return view.features.map(({ name }) => {
    const entry = comparison.features.find(({ feature }) => feature === name);
    const isKept = entry !== undefined && entry.from !== null && keptFates.has(entry.fate);
    if (!isKept) return null;
    const index = before.features.findIndex((feature) => feature.name === entry.from);
    const retyped = view.upgrade?.retyped.find(({ feature }) => feature === name);
    const isMigrated = entry.fate === 'migrated' && retyped !== undefined;
    if (!isMigrated) return { index, convert: null, keepsNumbers: true };
    return { index, convert: conversionOf(retyped), keepsNumbers: isWidening(retyped) };
  });
}

const keptFates: ReadonlySet<string> = new Set(['kept', 'changed', 'migrated']);

function refused(
  view: string,
  refusals: readonly (Pick<FeatureComparison, 'note'> & { readonly feature?: string })[],
): MillraceError {
  const reasons = refusals.map(({ feature, note }) =>
    feature === undefined ? note : `feature "${feature}": ${note}`,
  );
  const message = `the state of view "${view}" cannot go on under this definition: `;
  return new MillraceError('MR_STATE_SCHEMA', message + reasons.join('; '), {
    context: { operatorUid: view },
    fix: 'see millrace plan --diff; --fresh-state starts over without the old state',
  });
}

/** A whole number of 32 bits, or a float of single precision, as a float. */
function isWidening({ from, by }: RetypedFeature): boolean {
  const isSmall = from.kind === 'int32' || from.kind === 'float32';
  return isSmall && by.kind === 'call' && by.fn === 'toFloat' && by.args[0]?.kind === 'column';
}

function conversionOf({ from, by }: RetypedFeature): (value: Value) => Value {
  const old: Field = { name: oldValueColumn, type: from, nullable: false };
  const made: Field = { name: oldValueColumn, type: by.type, nullable: by.nullable };
  const project = compileProjection({ fields: [old], predicates: [], outputs: [by] });
  return (value) => {
    const column = columnForField(old);
    ensureRows(column, 1);
    putValue(column, from, 0, value);
    const { columns, selectedCount } = project({ columns: [column], rowCount: 1 });
    return selectedCount === 0 ? null : readValue(columns[0] as Column, made, 0);
  };
}
