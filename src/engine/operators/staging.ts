// Which inputs of aggregates are staged as numbers for generated loops, and how columns get there.
// A filter is a `where` and an input that can be null: a row that passes both has the filter's bit.
import type { Column } from '../../columns/column.ts';
import type { LoopAggregate, LoopFunction } from '../../codegen/update-loops/loop-plan.ts';
import { loopFunctions } from '../../codegen/update-loops/loop-plan.ts';
import type { FieldType, TypeKind } from '../../kernel/types/field-type.ts';
import type { FeatureNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import type { ViewLayout } from './view-layout.ts';

export interface Filter {
  readonly where: number | null;
  readonly value: number | null;
}

export interface Staging {
  /** Outputs of the projection that are staged as float64. */
  readonly inputs: readonly number[];
  /** Bit i of a row's mask. */
  readonly filters: readonly Filter[];
  /** Per feature, how a generated loop computes it; null when it is boxed. */
  readonly aggregates: readonly (LoopAggregate | null)[];
  /** True when some feature needs boxed records. */
  readonly isBoxed: boolean;
  /** First mask bit that is free for refusals. */
  readonly freeBit: number;
}

/** More filters than this do not fit a mask beside the refusals: features beyond are boxed. */
const filtersMax = 20;
const loopWindowsMax = 10;

const numberKinds: ReadonlySet<TypeKind> = new Set(['float64', 'float32', 'int32', 'count']);
const orderedKinds: ReadonlySet<TypeKind> = new Set([...numberKinds, 'timestamp']);

export function planStaging(layout: ViewLayout): Staging {
  const inputs: number[] = [];
  const filters: Filter[] = [];
  const loopFeatures = new Set(
    layout.windows
      .filter(({ node }) => hasLoop(node))
      .slice(0, loopWindowsMax)
      .flatMap(({ features }) => features),
  );
  const aggregates = layout.view.features.map((feature, index) => {
    const fn = loopFeatures.has(index) ? loopFunctionOf(feature, layout.idOutput !== null) : null;
    const input = layout.inputs[index];
    if (fn === null || input === undefined) return null;
    const filter = placeFilter(filters, input, layout);
    if (filter === null) return null;
    const value = fn === 'count' ? -1 : place(inputs, input.valueOutput ?? 0);
    const quantile = feature.aggregate.quantile ?? 0;
    return { feature: index, fn, input: value, filter, quantile };
  });
  return {
    inputs,
    filters,
    aggregates,
    isBoxed: aggregates.includes(null),
    freeBit: filters.length,
  };
}

function place(list: number[], output: number): number {
  const known = list.indexOf(output);
  return known >= 0 ? known : list.push(output) - 1;
}

/** The bit of the filter, -1 when every row passes, null when there is no room. */
function placeFilter(
  filters: Filter[],
  { whereOutput, valueOutput }: ViewLayout['inputs'][number],
  layout: ViewLayout,
): number | null {
  const isNullable = valueOutput !== null && layout.outputs[valueOutput]?.nullable === true;
  const value = isNullable ? valueOutput : null;
  if (whereOutput === null && value === null) return -1;
  const known = filters.findIndex((f) => f.where === whereOutput && f.value === value);
  if (known >= 0) return known;
  return filters.length < filtersMax ? filters.push({ where: whereOutput, value }) - 1 : null;
}

function loopFunctionOf(feature: FeatureNode, hasId: boolean): LoopFunction | null {
  const { aggregate } = feature;
  if (aggregate.distinct) return null;
  const fn = loopFunctions.find((name) => name === aggregate.fn);
  if (fn === undefined || fn === 'count') return fn ?? null;
  if ((fn === 'first' || fn === 'last') && hasId) return null;
  return fits(fn, aggregate.input?.type ?? null) ? fn : null;
}

function hasLoop(window: WindowNode): boolean {
  return window.kind === 'rolling' && window.resolutionMs === null;
}

function fits(fn: LoopFunction, type: FieldType | null): boolean {
  if (type === null) return false;
  const isOrder = fn === 'min' || fn === 'max' || fn === 'first' || fn === 'last';
  return (isOrder ? orderedKinds : numberKinds).has(type.kind);
}

export interface StageTarget<A> {
  readonly target: A | undefined;
  readonly first: number;
}

/** Copies the selected rows of a number column; nulls are 0. */
export function stageNumbers(
  column: Column,
  selected: Int32Array,
  count: number,
  { target, first }: StageTarget<Float64Array>,
): void {
  if (target === undefined || (column.kind !== 'float64' && column.kind !== 'int32')) return;
  const { values } = column;
  for (let i = 0; i < count; i++) target[first + i] = values[selected[i] as number] as number;
}

/** Sets the filter's bit of the selected rows that pass it. */
export function stageFilter(
  where: Column | null,
  value: Column | null,
  selected: Int32Array,
  count: number,
  { target, first, bit }: StageTarget<Int32Array> & { readonly bit: number },
): void {
  if (target === undefined) return;
  const flag = 1 << bit;
  const nulls = value?.nulls ?? null;
  const truth = where?.kind === 'bool' ? where : null;
  for (let i = 0; i < count; i++) {
    const row = selected[i] as number;
    if (truth !== null && (truth.values[row] !== 1 || truth.nulls[row] === 1)) continue;
    if (nulls !== null && nulls[row] === 1) continue;
    target[first + i] = (target[first + i] as number) | flag;
  }
}
