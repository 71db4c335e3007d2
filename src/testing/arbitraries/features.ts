// Random features and derived features of one view.
import fc from 'fast-check';
import type { AggregateName } from '../../plan/aggregate.ts';
import type { Expression } from '../../plan/expression.ts';
import type { DerivedNode, FeatureNode } from '../../plan/plan.ts';
import { isNumericType } from '../../kernel/types/field-type.ts';
import type { WindowNode } from '../../plan/window.ts';
import {
  callNode,
  columnNode,
  type FeatureParts,
  featureNode,
  literalNode,
} from '../plan-nodes.ts';
import { caseColumn } from './fields.ts';
import { anyPredicate, discrete, numbers, others, smallNumbers, texts } from './expressions.ts';
import { lowestOf, spanOf, topTwoOf, totalOf } from '../sample-aggregates.ts';
import { anyWindow, scaleWindow } from './windows.ts';

type AggregateParts = Omit<FeatureParts, 'window' | 'where'>;

const one = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const limit = fc.integer({ min: 1, max: 3 });

function over(fns: readonly AggregateName[], inputs: readonly Expression[]) {
  return fc.record({ fn: one(fns), input: one(inputs) });
}

const aggregates: fc.Arbitrary<AggregateParts> = fc.oneof(
  fc.constant<AggregateParts>({ fn: 'count' }),
  over(['sum'], numbers),
  fc.record({
    fn: fc.constant<AggregateName>('sum'),
    input: one(numbers),
    distinct: fc.constant(true),
  }),
  over(['min', 'max'], [...numbers, ...texts, ...others]),
  over(['first', 'last'], [...numbers, ...texts, ...others]),
  over(['count', 'countDistinct', 'approxDistinct'], [...numbers, ...texts, ...others]),
  over(['avg'], numbers),
  over(['stddevPop', 'stddevSamp', 'varPop', 'varSamp'], smallNumbers),
  fc.record({
    fn: one<AggregateName>(['firstN', 'lastN']),
    input: one([...numbers, ...texts]),
    limit,
  }),
  fc.record({ fn: fc.constant<AggregateName>('countBy'), input: one(discrete), limit }),
  fc.record({
    fn: fc.constant<AggregateName>('topK'),
    input: one([...numbers, ...texts, ...others]),
    limit,
  }),
  fc.record({
    fn: fc.constant<AggregateName>('ewma'),
    input: one(numbers),
    halfLifeMs: one([1, 3, 50, 1000]),
  }),
  fc.record({
    fn: fc.constant<AggregateName>('quantile'),
    input: one(numbers),
    quantile: one([0, 0.25, 0.5, 0.95, 1]),
  }),
  one<AggregateParts>([
    { fn: 'user', input: caseColumn('qty'), user: totalOf.node },
    { fn: 'user', input: caseColumn('amount'), user: lowestOf.node },
    { fn: 'user', input: caseColumn('name'), user: topTwoOf.node },
    { fn: 'user', input: caseColumn('flag'), user: spanOf.node },
  ]),
);

interface FeatureChoice {
  readonly window: number;
  readonly aggregate: AggregateParts;
  readonly where: Expression | null;
}

const featureChoice: fc.Arbitrary<FeatureChoice> = fc.record({
  window: fc.nat(5),
  aggregate: aggregates,
  where: fc.option(anyPredicate, { freq: 3 }),
});

/** One to six features; several often share a window. */
export function featuresOf(unitMs: number, isDense: boolean): fc.Arbitrary<readonly FeatureNode[]> {
  return fc
    .record({
      windows: fc.array(anyWindow(isDense), { minLength: 1, maxLength: 3 }),
      features: fc.array(featureChoice, { minLength: 1, maxLength: 6 }),
    })
    .map(({ windows, features }) =>
      features.map(({ window, aggregate, where }, i) =>
        featureNode(`f${i}`, {
          ...aggregate,
          where,
          window: scaleWindow(windows[window % windows.length] as WindowNode, unitMs),
        }),
      ),
    );
}

/** Derived features over the numbers among the features: at most two. */
export function derivedOf(features: readonly FeatureNode[], choice: number): DerivedNode[] {
  const inputs = features.filter(({ type }) => isNumericType(type) && type.kind !== 'decimal');
  const [a, b = a] = inputs.map((feature) => columnNode(feature));
  if (a === undefined || b === undefined || choice === 0) return [];
  const half = literalNode(0.5, { kind: 'float64' });
  const values = [
    callNode('div', a, b),
    callNode('coalesce', callNode('toFloat', a), half),
    callNode('gt', a, b),
    callNode('and', callNode('isNull', a), callNode('gte', b, half)),
  ];
  return values.slice(choice % 3, (choice % 3) + 2).map((value, i) => ({
    kind: 'derived',
    name: `d${i}`,
    type: value.type,
    nullable: value.nullable,
    value,
  }));
}
