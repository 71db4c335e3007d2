// Random predicates and inputs over the record type of random cases: every group of scalar
// functions, nulls in all of them, no integer overflow (that is an error of the record).
import fc from 'fast-check';
import type { Expression } from '../../plan/expression.ts';
import { callNode, literalNode } from '../plan-nodes.ts';
import { caseColumn } from './fields.ts';

const amount = caseColumn('amount');
const qty = caseColumn('qty');
const big = caseColumn('big');
const price = caseColumn('price');
const name = caseColumn('name');
const flag = caseColumn('flag');
const ts = caseColumn('ts');
const float = (value: number): Expression => literalNode(value, { kind: 'float64' });
const int = (value: number): Expression => literalNode(value, { kind: 'int32' });
const text = (value: string): Expression => literalNode(value, { kind: 'string' });

const condition: fc.Arbitrary<Expression> = fc.constantFrom<Expression>(
  callNode('gt', amount, float(0)),
  callNode('lte', amount, qty),
  callNode('gte', qty, int(2)),
  callNode('lt', big, qty),
  callNode('eq', big, literalNode(9007199254740993n, { kind: 'int64' })),
  callNode('ne', name, text('a')),
  callNode('gt', name, text('\u{ffee}')),
  callNode('gt', price, int(0)),
  callNode('isNull', name),
  callNode('isNotNull', amount),
  callNode('in', name, text('a'), text('\u{1f600}')),
  callNode('startsWith', name, text('a')),
  callNode('endsWith', callNode('upper', name), text('SS')),
  callNode('contains', name, text('')),
  callNode('eq', callNode('mod', qty, int(2)), int(0)),
  callNode('lt', callNode('minuteOfHour', ts), int(30)),
  callNode('eq', callNode('least', name, text('b')), name),
  flag,
  callNode('not', flag),
);

/** A predicate, sometimes of two parts joined by three-valued logic. */
export const anyPredicate: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 3, arbitrary: condition },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), condition, condition)
      .map(([fn, a, b]) => callNode(fn, a, b)),
  },
);

/** Numbers whose squares do not lose the digits of their neighbours. */
export const smallNumbers: readonly Expression[] = [
  amount,
  amount,
  qty,
  callNode('times', amount, float(2)),
  callNode('coalesce', amount, qty, float(0)),
  callNode('minus', amount, qty),
  callNode('abs', qty),
  callNode('neg', qty),
  callNode('round', callNode('div', amount, float(4))),
  callNode('floor', amount),
  callNode('toFloat', qty),
  callNode('plus', qty, callNode('length', name)),
  callNode('sqrt', callNode('abs', amount)),
  {
    kind: 'case',
    branches: [{ when: callNode('gt', amount, float(0)), then: amount }],
    otherwise: qty,
    type: { kind: 'float64' },
    nullable: true,
  },
];

export const numbers: readonly Expression[] = [
  ...smallNumbers,
  big,
  big,
  price,
  price,
  callNode('plus', big, qty),
  callNode('minus', price, qty),
];

export const texts: readonly Expression[] = [
  name,
  name,
  callNode('lower', name),
  callNode('concat', name, text('é')),
  callNode('substring', name, int(1), int(1)),
  callNode('trim', name),
];

export const others: readonly Expression[] = [flag, ts, caseColumn('d')];

export const discrete: readonly Expression[] = [...texts, flag, qty, big];
