// The one record type of random cases: a field per kind of value, so that every aggregate and key
// finds an input. Value pools are small, so that equal values, nulls and borders are frequent.
import fc from 'fast-check';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { ColumnExpression } from '../../plan/expression.ts';
import { columnNode } from '../plan-nodes.ts';

const string: Field['type'] = { kind: 'string' };

export type CaseField =
  | 'id'
  | 'k'
  | 'g'
  | 'd'
  | 'flag'
  | 'amount'
  | 'qty'
  | 'big'
  | 'price'
  | 'name'
  | 'ts';

const caseFields: Readonly<Record<CaseField, Field>> = {
  id: { name: 'id', type: string, nullable: true },
  k: { name: 'k', type: string, nullable: true },
  g: { name: 'g', type: { kind: 'int64' }, nullable: false },
  d: { name: 'd', type: { kind: 'date' }, nullable: true },
  flag: { name: 'flag', type: { kind: 'bool' }, nullable: true },
  amount: { name: 'amount', type: { kind: 'float64' }, nullable: true },
  qty: { name: 'qty', type: { kind: 'int32' }, nullable: true },
  big: { name: 'big', type: { kind: 'int64' }, nullable: true },
  price: { name: 'price', type: { kind: 'decimal', precision: 10, scale: 2 }, nullable: true },
  name: { name: 'name', type: string, nullable: true },
  ts: { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
};

export const allCaseFields: readonly Field[] = Object.values(caseFields);

export function caseColumn(name: CaseField): ColumnExpression {
  return columnNode(caseFields[name]);
}

/** Texts that tell byte order from UTF-16 order, empty and equal ones. */
const names = ['', 'a', 'ab', 'b', 'Ä', 'ß', '\u{ffee}', '\u{1f600}', ' x '];

const nullable = (values: readonly Value[]): fc.Arbitrary<Value> =>
  fc.constantFrom<Value>(...values, ...values, null);

const aroundTwoTo53 = [9007199254740991n, 9007199254740992n, 9007199254740993n];

/** One arbitrary per field, without `ts` and `id`: they depend on the other rows. */
export const caseValues: Readonly<Record<Exclude<CaseField, 'ts' | 'id'>, fc.Arbitrary<Value>>> = {
  k: fc.constantFrom<Value>('u1', 'u1', 'u1', 'u1', 'ü', '', null),
  g: fc.constantFrom<Value>(1n, 1n, 1n, 9007199254740993n),
  d: fc.constantFrom<Value>('2024-02-29', '2024-02-29', '1969-12-31', null),
  flag: nullable([true, false]),
  amount: fc.oneof(
    nullable([0, 1, -1, 0.1, 0.2, 0.3, 2.5, 1e6, -1e6, 1e-3]),
    fc.integer({ min: -5000, max: 5000 }).map((cents): Value => cents / 100),
  ),
  qty: nullable([0, 1, 2, 3, -3, 7, 1000]),
  big: nullable([0n, 1n, -1n, ...aroundTwoTo53, -9007199254740993n]),
  price: nullable(['0.00', '0.10', '0.20', '12.34', '-5.00', '99999999.99']),
  name: nullable(names),
};
