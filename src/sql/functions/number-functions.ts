// Functions of doubles that the plan does not have.
import { sqlTypes } from '../bind/sql-type.ts';
import { type FunctionSpec, type FunctionTable, numberOf } from './function-spec.ts';

const { double } = sqlTypes;

function ofDoubles(count: number, run: (a: number, b: number) => number): FunctionSpec {
  return {
    args: Array.from({ length: count }, () => 'number' as const),
    type: double,
    run: ([a, b]) => run(numberOf(a), numberOf(b)),
  };
}

const halfTurn = 180;

export const numberFunctions: FunctionTable = {
  LOG10: ofDoubles(1, (a) => Math.log10(a)),
  LOG2: ofDoubles(1, (a) => Math.log2(a)),
  LOG: {
    ...ofDoubles(2, () => 0),
    least: 1,
    run: ([a, b]) =>
      b === undefined ? Math.log(numberOf(a)) : Math.log(numberOf(b)) / Math.log(numberOf(a)),
  },
  SIN: ofDoubles(1, (a) => Math.sin(a)),
  COS: ofDoubles(1, (a) => Math.cos(a)),
  TAN: ofDoubles(1, (a) => Math.tan(a)),
  COT: ofDoubles(1, (a) => 1 / Math.tan(a)),
  ASIN: ofDoubles(1, (a) => Math.asin(a)),
  ACOS: ofDoubles(1, (a) => Math.acos(a)),
  ATAN: ofDoubles(1, (a) => Math.atan(a)),
  ATAN2: ofDoubles(2, (a, b) => Math.atan2(a, b)),
  SINH: ofDoubles(1, (a) => Math.sinh(a)),
  COSH: ofDoubles(1, (a) => Math.cosh(a)),
  TANH: ofDoubles(1, (a) => Math.tanh(a)),
  DEGREES: ofDoubles(1, (a) => (a * halfTurn) / Math.PI),
  RADIANS: ofDoubles(1, (a) => (a * Math.PI) / halfTurn),
  PI: ofDoubles(0, () => Math.PI),
  E: ofDoubles(0, () => Math.E),
};
