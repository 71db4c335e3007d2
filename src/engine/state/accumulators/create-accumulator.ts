// From an aggregate of the plan to its accumulator.
import type { FieldType } from '../../../kernel/types/field-type.ts';
import type { AggregateNode } from '../../../plan/aggregate.ts';
import type { Accumulator } from './accumulator.ts';
import { countByAccumulator, countDistinctAccumulator, distinctAccumulator } from './distinct.ts';
import {
  averageAccumulator,
  countAccumulator,
  exactSumAccumulator,
  floatSumAccumulator,
  varianceAccumulator,
  wholeSumAccumulator,
} from './numbers.ts';
import { ewmaAccumulator } from './decayed.ts';
import { topKAccumulator } from './frequent.ts';
import { edgeAccumulator, extremeAccumulator, listAccumulator } from './ordered.ts';
import { userAccumulator } from './user.ts';
import {
  approxDistinctAccumulator,
  hashAccumulator,
  quantileAccumulator,
  sketchedQuantileAccumulator,
} from './sketched.ts';

const ignore = (): void => {};
const anyType: FieldType = { kind: 'float64' };

/**
 * `isSketched`: quantiles of the window never keep their values (it has a resolution). `isStaged`:
 * values come as numbers, whatever their type, and to approxDistinct as hashes. `isExact`: the window
 * keeps its records, so that nothing need be estimated.
 */
export function createAccumulator(
  node: AggregateNode,
  isSketched: boolean,
  isStaged: boolean,
  isExact = false,
): Accumulator {
  if (node.user !== undefined) return userAccumulator(node.user, ignore) as Accumulator;
  if (node.fn === 'topK') return topKAccumulator(node, isExact) as Accumulator;
  if (isStaged && node.fn === 'approxDistinct') return hashAccumulator as Accumulator;
  if (isStaged && node.fn === 'sum' && !isFloat(node.input?.type ?? anyType)) {
    return wholeSumAccumulator as Accumulator;
  }
  return accumulatorOf(node, isSketched) as Accumulator;
}

function accumulatorOf(node: AggregateNode, isSketched: boolean): unknown {
  const type = node.input?.type ?? anyType;
  switch (node.fn) {
    case 'count':
      return countAccumulator;
    case 'countBy':
      return countByAccumulator(node.limit ?? Number.POSITIVE_INFINITY);
    case 'countDistinct':
      return countDistinctAccumulator;
    case 'sum':
      return node.distinct ? distinctAccumulator(sumOf(type)) : sumOf(type);
    case 'avg':
      return averageAccumulator;
    case 'min':
      return extremeAccumulator(type, -1);
    case 'max':
      return extremeAccumulator(type, 1);
    case 'first':
    case 'last':
      return edgeAccumulator(node.fn);
    case 'firstN':
      return listAccumulator('first', node.limit ?? 1);
    case 'lastN':
      return listAccumulator('last', node.limit ?? 1);
    case 'stddevPop':
      return varianceAccumulator(0, true);
    case 'stddevSamp':
      return varianceAccumulator(1, true);
    case 'varPop':
      return varianceAccumulator(0, false);
    case 'varSamp':
      return varianceAccumulator(1, false);
    case 'quantile':
      return isSketched
        ? sketchedQuantileAccumulator(node.quantile ?? 0.5)
        : quantileAccumulator(node.quantile ?? 0.5);
    case 'approxDistinct':
      return approxDistinctAccumulator;
    case 'topK':
      return topKAccumulator(node, false);
    case 'ewma':
      return ewmaAccumulator(node.halfLifeMs ?? 1);
    case 'user':
      throw new TypeError('the plan does not say which aggregate it is');
  }
}

function sumOf(type: FieldType): Accumulator {
  if (type.kind === 'decimal') return exactSumAccumulator(type.scale) as Accumulator;
  return (isFloat(type) ? floatSumAccumulator : exactSumAccumulator(null)) as Accumulator;
}

function isFloat(type: FieldType): boolean {
  return type.kind === 'float64' || type.kind === 'float32';
}
