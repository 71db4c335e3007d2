// Which inputs of aggregates are staged as numbers, and how columns get there. What has a generated
// loop is computed by it; other aggregates of numbers read the staged columns; the rest are boxed.
// A filter is a `where` and an input that can be null: a row that passes both has the filter's bit.
import { isCellFunction } from '../../codegen/update-loops/cell-code.ts';
import {
  type LoopAggregate,
  type LoopFunction,
  loopFunctions,
} from '../../codegen/update-loops/loop-plan.ts';
import type { FieldType, TypeKind } from '../../kernel/types/field-type.ts';
import type { AggregateName, AggregateNode } from '../../plan/aggregate.ts';
import type { FeatureNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import { ValueCodes } from '../state/value-codes.ts';
import { countsRows, isBoxedInput } from '../state/windows/view-window.ts';
import type { InputLayout, ViewLayout } from './view-layout.ts';

export interface Filter {
  readonly where: number | null;
  readonly value: number | null;
}

/** A staged column: an output of the projection as float64, its 52-bit hash, or the code of its value. */
export interface StagedColumn {
  readonly output: number;
  readonly form: 'number' | 'hash' | 'code';
  /** Of a column of codes; null otherwise. */
  readonly codes: ValueCodes | null;
}

export interface StagedInput {
  /** Staged column, `countsRows` or `isBoxedInput`. */
  readonly input: number;
  readonly filter: number;
}

export interface Staging {
  readonly columns: readonly StagedColumn[];
  /** Bit i of a row's mask. */
  readonly filters: readonly Filter[];
  /** Per feature. */
  readonly inputsOf: readonly StagedInput[];
  /** Per feature, how a generated loop computes it; null when none does. */
  readonly loops: readonly (LoopAggregate | null)[];
  /** Per feature, how cells of numbers hold it; null when they do not. */
  readonly cells: readonly (LoopAggregate | null)[];
  /** Per feature, the codes of the distinct values that cells hold as sets; null when they do not. */
  readonly codes: readonly (ValueCodes | null)[];
  /** True when some feature needs boxed records. */
  readonly isBoxed: boolean;
  /** First mask bit that is free for refusals. */
  readonly freeBit: number;
}

/** More filters than this do not fit a mask beside the refusals: features beyond are boxed. */
const filtersMax = 20;
const loopWindowsMax = 10;

const plainKinds: ReadonlySet<TypeKind> = new Set(['float64', 'float32', 'int32', 'count']);
const orderedKinds: ReadonlySet<TypeKind> = new Set([...plainKinds, 'timestamp']);
const numberKinds: ReadonlySet<TypeKind> = new Set([...plainKinds, 'int64', 'decimal']);

export function planStaging(layout: ViewLayout): Staging {
  const columns: StagedColumn[] = [];
  const filters: Filter[] = [];
  // The newest rows are those by (time, id, arrival): rows in rings have no id.
  const hasId = layout.idOutput !== null;
  const loopFeatures = new Set(
    layout.windows
      .filter(({ node }) => hasLoop(node) && !(hasId && node.kind === 'rollingRows'))
      .slice(0, loopWindowsMax)
      .flatMap(({ features }) => features),
  );
  const inputsOf = layout.view.features.map((feature, i) =>
    stageInput(feature, layout.inputs[i] as InputLayout, layout, { columns, filters }),
  );
  const aggregateOf = (feature: number): LoopAggregate | null => {
    const aggregate = layout.view.features[feature]?.aggregate as AggregateNode;
    const { input, filter } = inputsOf[feature] as StagedInput;
    const fn = input === isBoxedInput ? null : loopFunctionOf(aggregate, hasId);
    if (fn === null) return null;
    const { quantile, limit, halfLifeMs } = aggregate;
    const numbers = { quantile: quantile ?? 0, limit: limit ?? 0, halfLifeMs: halfLifeMs ?? 0 };
    return { feature, fn, input, filter, ...numbers };
  };
  const candidates = layout.view.features.map((_, feature) => aggregateOf(feature));
  const loops = candidates.map((aggregate, i) => (loopFeatures.has(i) ? aggregate : null));
  const needsBoxed = layout.view.features.map(({ aggregate, window }, i) => {
    if (loops[i] !== null) return false;
    const { input } = inputsOf[i] as StagedInput;
    const isCell = candidates[i] !== null && isCellFunction(aggregate.fn) && !keepsRecords(window);
    if (input === isBoxedInput || !(isPlaceless(aggregate) || isCell)) return true;
    return keepsRecords(window) && (hasId || aggregate.fn === 'approxDistinct');
  });
  return {
    columns,
    filters,
    inputsOf: inputsOf.map((staged, i) =>
      needsBoxed[i] && loops[i] === null ? { input: isBoxedInput, filter: -1 } : staged,
    ),
    loops,
    cells: candidates.map((aggregate, i) => {
      const isCell = aggregate !== null && isCellFunction(aggregate.fn) && loops[i] === null;
      return isCell && !needsBoxed[i] ? aggregate : null;
    }),
    codes: inputsOf.map(({ input }) => columns[input]?.codes ?? null),
    isBoxed: needsBoxed.includes(true),
    freeBit: filters.length,
  };
}

/** Windows that keep records in order of (time, id, arrival), with their values, not with hashes. */
function keepsRecords(window: WindowNode): boolean {
  return hasLoop(window);
}

/** Aggregates that do not ask where a record stands. */
function isPlaceless({ fn }: AggregateNode): boolean {
  return !hasOrder(fn) && fn !== 'ewma' && fn !== 'topK';
}

/** Aggregates whose result depends on the order of records of one instant. */
function hasOrder(fn: AggregateName): boolean {
  return fn === 'first' || fn === 'last' || fn === 'firstN' || fn === 'lastN';
}

function stageInput(
  { aggregate: { fn, distinct, input }, window }: FeatureNode,
  { whereOutput, valueOutput }: InputLayout,
  layout: ViewLayout,
  { columns, filters }: { columns: StagedColumn[]; filters: Filter[] },
): StagedInput {
  const boxed = { input: isBoxedInput, filter: -1 };
  const form = formOf(fn, window);
  const isNumber = form === 'number' && fn !== 'count';
  if (distinct || (isNumber && !isStagable(fn, input?.type ?? null))) return boxed;
  // Rows of an older definition may lack the input: then they count nowhere.
  const mayLack = layout.view.upgrade?.added === 'empty';
  const isNullable =
    valueOutput !== null && (mayLack || layout.outputs[valueOutput]?.nullable === true);
  const filter = placeFilter(filters, {
    where: whereOutput,
    value: isNullable ? valueOutput : null,
  });
  if (filter === null) return boxed;
  if (fn === 'count' || valueOutput === null) return { input: countsRows, filter };
  const known = columns.findIndex((c) => c.output === valueOutput && c.form === form);
  if (known >= 0) return { input: known, filter };
  const codes = form === 'code' ? new ValueCodes() : null;
  return { input: columns.push({ output: valueOutput, form, codes }) - 1, filter };
}

/** Sets of codes live in cells; windows that keep records have the values themselves. */
function formOf(fn: AggregateNode['fn'], window: WindowNode): StagedColumn['form'] {
  if (fn === 'approxDistinct') return 'hash';
  return fn === 'countDistinct' && !keepsRecords(window) ? 'code' : 'number';
}

/** The bit of the filter, -1 when every row passes, null when there is no room. */
function placeFilter(filters: Filter[], { where, value }: Filter): number | null {
  if (where === null && value === null) return -1;
  const known = filters.findIndex((filter) => filter.where === where && filter.value === value);
  if (known >= 0) return known;
  return filters.length < filtersMax ? filters.push({ where, value }) - 1 : null;
}

function isStagable(fn: AggregateNode['fn'], type: FieldType | null): boolean {
  if (type === null) return false;
  switch (fn) {
    case 'sum':
      return plainKinds.has(type.kind);
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'firstN':
    case 'lastN':
      return orderedKinds.has(type.kind);
    case 'avg':
    case 'ewma':
    case 'quantile':
    case 'stddevPop':
    case 'stddevSamp':
    case 'varPop':
    case 'varSamp':
      return numberKinds.has(type.kind);
    default:
      return false;
  }
}

function hasLoop(window: WindowNode): boolean {
  if (window.kind === 'rollingRows') return true;
  return window.kind === 'rolling' && window.resolutionMs === null;
}

function loopFunctionOf({ fn }: AggregateNode, hasId: boolean): LoopFunction | null {
  if (hasId && hasOrder(fn)) return null;
  return loopFunctions.find((name) => name === fn) ?? null;
}
