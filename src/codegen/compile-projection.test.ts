import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecodedBatch } from '../columns/batch.ts';
import { columnForField, ensureRows } from '../columns/column-builder.ts';
import { putValue } from '../columns/put-value.ts';
import { readValue } from '../columns/read-value.ts';
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';
import type { CaseExpression, Expression } from '../plan/expression.ts';
import { type FunctionName, functionSpec, isCallNullable } from '../plan/functions.ts';
import { evaluate } from '../testing/oracle/expressions.ts';
import { compileProjection } from './compile-projection.ts';

type Row = Readonly<Record<string, Value>>;

const type = (text: string): FieldType => {
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(text);
  if (decimal !== null) {
    return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) };
  }
  if (text === 'list') return { kind: 'list', item: { kind: 'int32' } };
  return { kind: text } as FieldType;
};

const fields: readonly Field[] = [
  ['i', 'int32'],
  ['j', 'int32'],
  ['l', 'int64'],
  ['m', 'int64'],
  ['c', 'count'],
  ['f', 'float64'],
  ['g', 'float64'],
  ['p', 'decimal(10,2)'],
  ['q', 'decimal(38,4)'],
  ['b', 'bool'],
  ['d', 'bool'],
  ['s', 'string'],
  ['u', 'string'],
  ['t', 'timestamp'],
  ['day', 'date'],
  ['raw', 'bytes'],
  ['list', 'list'],
].map(([name = '', kind = '']) => ({ name, type: type(kind), nullable: true }));

const column = (name: string): Expression => {
  const field = fields.find((f) => f.name === name);
  if (field === undefined) throw new Error(name);
  return { kind: 'column', name, type: field.type, nullable: field.nullable };
};

const literal = (kind: string, value: Value): Expression => ({
  kind: 'literal',
  type: type(kind),
  value,
  nullable: value === null,
});

const call = (fn: FunctionName, ...args: readonly Expression[]): Expression => {
  const result = functionSpec(fn).resultType(args.map((arg) => arg.type));
  if (typeof result === 'string') throw new Error(result);
  const nullable = isCallNullable(
    fn,
    args.map((arg) => arg.nullable),
  );
  return { kind: 'call', fn, args, type: result, nullable };
};

function batchOf(rows: readonly Row[], of: readonly Field[] = fields): DecodedBatch {
  const columns = of.map((field) => {
    const builder = columnForField(field);
    ensureRows(builder, rows.length);
    rows.forEach((row, i) => putValue(builder, field.type, i, row[field.name] ?? null));
    return builder;
  });
  const offsets = Float64Array.from(rows, (_, i) => i);
  return { fields: of, columns, rowCount: rows.length, offsets };
}

/** The value of one expression for one row: `'failed'` when the row failed. */
function valueOf(expression: Expression, row: Row): Value {
  const project = compileProjection({ fields, predicates: [], outputs: [expression] });
  const result = project(batchOf([row]));
  if (result.selectedCount === 0) return result.failures.length === 1 ? 'failed' : 'dropped';
  const [output] = result.columns;
  if (output === undefined) throw new Error('no output');
  return readValue(output, { name: '', type: expression.type, nullable: true }, 0);
}

const at = Date.UTC(2024, 1, 29, 23, 59, 58, 7);
const full: Row = {
  i: 7,
  j: -2,
  l: 9_007_199_254_740_993n,
  m: -3n,
  c: 12,
  f: 2.5,
  g: -0.5,
  p: '12.34',
  q: '-0.0050',
  b: true,
  d: false,
  s: '  Grüße ',
  u: 'üß',
  t: at,
  day: '2024-02-29',
  raw: Uint8Array.of(1, 2),
  list: [1, 2],
};

const x = column;
const expectations: readonly (readonly [FunctionName, readonly Expression[], Value])[] = [
  ['plus', [x('i'), x('j')], 5],
  ['plus', [x('i'), x('l')], 9_007_199_254_741_000n],
  ['plus', [x('i'), x('f')], 9.5],
  ['plus', [x('p'), x('i')], '19.34'],
  ['plus', [x('p'), x('q')], '12.3350'],
  ['minus', [x('c'), x('i')], 5],
  ['minus', [x('l'), x('m')], 9_007_199_254_740_996n],
  ['times', [x('i'), x('j')], -14],
  ['times', [x('p'), x('q')], '-0.0617'],
  ['times', [x('p'), x('i')], '86.38'],
  ['div', [x('i'), x('j')], -3.5],
  ['div', [x('i'), literal('int32', 0)], Number.POSITIVE_INFINITY],
  ['div', [x('p'), literal('int32', 2)], 6.17],
  ['mod', [x('i'), x('j')], 1],
  ['mod', [x('j'), x('i')], -2],
  ['mod', [x('i'), literal('int32', 0)], null],
  ['mod', [x('l'), literal('int64', 10n)], 3n],
  ['mod', [x('p'), literal('int32', 5)], '2.34'],
  ['mod', [x('f'), literal('float64', 0)], null],
  ['neg', [x('i')], -7],
  ['neg', [x('l')], -9_007_199_254_740_993n],
  ['neg', [x('q')], '0.0050'],
  ['abs', [x('j')], 2],
  ['abs', [x('m')], 3n],
  ['abs', [x('g')], 0.5],
  ['floor', [x('g')], -1],
  ['floor', [x('p')], 12],
  ['floor', [x('l')], 9_007_199_254_740_993n],
  ['ceil', [x('f')], 3],
  ['round', [x('f')], 3],
  ['round', [x('g')], -1],
  ['round', [literal('float64', 0.499_999_999_999_999_94)], 0],
  ['sqrt', [literal('int32', 9)], 3],
  ['ln', [literal('float64', 1)], 0],
  ['exp', [literal('int32', 0)], 1],
  ['pow', [x('j'), literal('int32', 3)], -8],
  ['toFloat', [x('q')], -0.005],
  ['toFloat', [x('l')], 9_007_199_254_740_992],
  ['least', [x('i'), x('j'), x('f')], -2],
  ['least', [x('s'), x('u')], '  Grüße '],
  ['greatest', [x('i'), x('l')], 9_007_199_254_740_993n],
  ['greatest', [x('f'), literal('float64', Number.NaN)], Number.NaN],
  ['eq', [x('i'), literal('float64', 7)], true],
  ['eq', [x('u'), literal('string', 'üß')], true],
  ['eq', [x('u'), x('s')], false],
  ['eq', [x('s'), literal('string', '  a string of more than 16 bytes')], false],
  ['eq', [x('l'), literal('int64', 9_007_199_254_740_992n)], false],
  ['eq', [x('p'), literal('decimal(5,3)', '12.340')], true],
  ['eq', [x('raw'), literal('bytes', Uint8Array.of(1, 2))], true],
  ['eq', [x('list'), literal('list', [1, 2])], true],
  ['eq', [x('day'), literal('date', '2024-02-29')], true],
  ['eq', [x('b'), x('d')], false],
  ['ne', [x('u'), literal('string', '')], true],
  ['ne', [x('i'), literal('int32', 7)], false],
  ['gt', [x('u'), literal('string', 'z')], true],
  ['gte', [x('day'), literal('date', '2024-03-01')], false],
  ['gt', [x('b'), x('d')], true],
  ['lt', [x('m'), x('j')], true],
  ['lte', [x('p'), x('f')], false],
  ['lte', [literal('float64', Number.NaN), x('f')], false],
  ['in', [x('i'), literal('int32', 1), literal('int32', 7)], true],
  ['in', [x('u'), literal('string', 'a'), literal('string', 'b')], false],
  ['not', [x('b')], false],
  ['lower', [x('s')], '  grüße '],
  ['upper', [x('u')], 'ÜSS'],
  ['upper', [literal('string', 'aZ09{')], 'AZ09{'],
  ['trim', [x('s')], 'Grüße'],
  ['trim', [literal('string', '\u00a0 x\u2003')], 'x'],
  ['length', [literal('string', 'a😀ü')], 3],
  ['concat', [x('u'), literal('string', '-'), x('u')], 'üß-üß'],
  ['substring', [x('u'), literal('int32', 2), literal('int32', 5)], 'ß'],
  ['substring', [x('s'), literal('int32', -1), literal('int32', 4)], '  '],
  ['substring', [x('s'), literal('int32', 5), literal('int32', 2)], 'üß'],
  ['substring', [x('s'), literal('int32', 3), literal('int32', -2)], ''],
  ['substring', [x('s'), literal('int32', 30), literal('int32', 2)], ''],
  ['startsWith', [x('s'), literal('string', '  G')], true],
  ['endsWith', [x('u'), literal('string', 'ß')], true],
  ['endsWith', [x('u'), x('s')], false],
  ['contains', [x('s'), x('u')], true],
  ['contains', [x('u'), literal('string', '')], true],
  ['minuteOfHour', [x('t')], 59],
  ['hourOfDay', [x('t')], 23],
  ['dayOfWeek', [x('t')], 4],
  ['dayOfMonth', [x('t')], 29],
  ['monthOfYear', [x('t')], 2],
  ['year', [x('t')], 2024],
  ['hourOfDay', [literal('timestamp', -1)], 23],
  ['dayOfWeek', [literal('timestamp', -1)], 3],
  ['epochMs', [x('t')], at],
];

describe('functions in generated code', () => {
  it.each(expectations)('%s is as the table says', (fn, args, expected) => {
    const expression = call(fn, ...args);
    expect(valueOf(expression, full)).toEqual(expected);
    for (const arg of args) {
      if (arg.kind === 'column') {
        expect(valueOf(expression, { ...full, [arg.name]: null })).toBeNull();
      }
    }
  });

  it('are three-valued in and, or and not', () => {
    const values: readonly Value[] = [true, false, null];
    for (const b of values) {
      for (const d of values) {
        const row = { ...full, b, d };
        const and = b === false || d === false ? false : b === null || d === null ? null : true;
        const or = b === true || d === true ? true : b === null || d === null ? null : false;
        expect(valueOf(call('and', x('b'), x('d')), row)).toBe(and);
        expect(valueOf(call('or', x('b'), x('d')), row)).toBe(or);
      }
      expect(valueOf(call('not', x('b')), { b })).toBe(b === null ? null : !b);
    }
  });

  it('tell nulls and replace them', () => {
    expect(valueOf(call('isNull', x('s')), {})).toBe(true);
    expect(valueOf(call('isNotNull', x('s')), {})).toBe(false);
    expect(valueOf(call('isNull', x('s')), full)).toBe(false);
    expect(valueOf(call('coalesce', x('s'), x('u')), { u: 'x' })).toBe('x');
    expect(valueOf(call('coalesce', x('i'), x('f')), { i: 3, f: 1.5 })).toBe(3);
    expect(valueOf(call('coalesce', x('i'), x('l'), literal('int32', 0)), {})).toBe(0n);
    expect(valueOf(call('coalesce', x('q'), literal('int32', 2)), {})).toBe('2.0000');
    expect(valueOf(call('coalesce', x('i'), x('j')), {})).toBeNull();
  });

  it('choose the first branch that is true', () => {
    const expression: CaseExpression = {
      kind: 'case',
      branches: [
        { when: x('b'), then: x('s') },
        { when: call('gt', x('i'), literal('int32', 1)), then: literal('string', 'big') },
      ],
      otherwise: literal('string', null),
      type: { kind: 'string' },
      nullable: true,
    };
    expect(valueOf(expression, { b: true, s: 'yes' })).toBe('yes');
    expect(valueOf(expression, { b: null, s: 'yes', i: 2 })).toBe('big');
    expect(valueOf(expression, { b: false, i: null })).toBeNull();
  });
});

describe('overflow', () => {
  const int32Max = 2_147_483_647;
  const int64Max = 2n ** 63n - 1n;

  it.each<readonly [string, Expression, Row]>([
    ['int32', call('plus', x('i'), literal('int32', 1)), { i: int32Max }],
    ['int32 product', call('times', x('i'), x('i')), { i: 100_000 }],
    ['int32 magnitude', call('abs', x('i')), { i: -int32Max - 1 }],
    ['int32 negation', call('neg', x('i')), { i: -int32Max - 1 }],
    ['int64', call('plus', x('l'), literal('int64', 1n)), { l: int64Max }],
    ['int64 difference', call('minus', x('m'), x('l')), { m: -2n, l: int64Max }],
    ['count', call('plus', x('c'), x('c')), { c: Number.MAX_SAFE_INTEGER }],
    ['decimal', call('times', x('q'), x('q')), { q: `${10n ** 33n}.0000` }],
  ])('of %s fails the row and says so', (_what, expression, row) => {
    expect(valueOf(expression, row)).toBe('failed');
  });

  it('leaves the other rows alone', () => {
    const plus = call('plus', x('i'), literal('int32', 1));
    const project = compileProjection({ fields, predicates: [x('b')], outputs: [plus, x('s')] });
    const { selected, selectedCount, failures } = project(
      batchOf([
        { b: true, i: 1 },
        { b: true, i: int32Max },
        { b: false, i: int32Max },
        { b: null, i: 1 },
        { b: true, i: null },
      ]),
    );
    expect([...selected.subarray(0, selectedCount)]).toEqual([0, 4]);
    expect(failures).toEqual([{ row: 1, message: 'plus does not fit int32' }]);
  });

  it('does not happen in a branch that is not taken', () => {
    const expression: Expression = {
      kind: 'case',
      branches: [{ when: x('b'), then: call('plus', x('i'), literal('int32', 1)) }],
      otherwise: literal('int32', 0),
      type: { kind: 'int32' },
      nullable: true,
    };
    expect(valueOf(expression, { b: false, i: int32Max })).toBe(0);
    expect(valueOf(expression, { b: true, i: int32Max })).toBe('failed');
  });
});

describe('a projection', () => {
  it('passes columns through and selects every row when there is nothing to compute', () => {
    const project = compileProjection({ fields, predicates: [], outputs: [x('s')] });
    for (const rowCount of [3, 200, 2]) {
      const batch = batchOf(Array.from({ length: rowCount }, (_, i) => ({ s: `${i}` })));
      const { columns, selected, selectedCount } = project(batch);
      expect(columns[0]).toBe(batch.columns[11]);
      expect(selectedCount).toBe(rowCount);
      expect(selected[rowCount - 1]).toBe(rowCount - 1);
    }
  });

  it('does not mix the text of rows or of calls', () => {
    const name = call('concat', call('lower', x('s')), x('u'));
    const project = compileProjection({ fields, predicates: [], outputs: [name] });
    const field = { name: '', type: name.type, nullable: true };
    for (const prefix of ['A', 'BB', 'Ü'.repeat(700)]) {
      const rows = Array.from({ length: 300 }, (_, i) => ({ s: `${prefix}${i}`, u: `-${i}` }));
      const [output] = project(batchOf(rows)).columns;
      if (output === undefined) throw new Error('no output');
      rows.forEach(({ s, u }, i) => {
        expect(readValue(output, field, i)).toBe(s.toLowerCase() + u);
      });
    }
  });
});

const scalar = {
  i: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  l: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f: fc.oneof(fc.double(), fc.constantFrom(0, -0.5, 1.5, 2.5)),
  p: fc.integer({ min: -999_999, max: 999_999 }).map((n) => (n / 100).toFixed(2)),
  b: fc.boolean(),
  s: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('', ' a ', 'A', 'ab', 'ü'),
  ),
  t: fc.integer({ min: -(10 ** 13), max: 10 ** 13 }),
};

const rowArbitrary = fc.record({
  i: fc.option(scalar.i),
  j: fc.option(fc.integer({ min: -3, max: 3 })),
  l: fc.option(scalar.l),
  m: fc.option(fc.bigInt({ min: -3n, max: 3n })),
  c: fc.option(fc.nat()),
  f: fc.option(scalar.f),
  g: fc.option(scalar.f),
  p: fc.option(scalar.p),
  b: fc.option(scalar.b),
  d: fc.option(scalar.b),
  s: fc.option(scalar.s),
  u: fc.option(scalar.s),
  t: fc.option(scalar.t),
});

interface Expressions {
  number: Expression;
  bool: Expression;
  text: Expression;
}

const { number, bool, text } = fc.letrec<Expressions>((untyped) => {
  const tie = (of: keyof Expressions): fc.Arbitrary<Expression> =>
    untyped(of) as fc.Arbitrary<Expression>;
  const pair = (of: keyof Expressions): fc.Arbitrary<readonly Expression[]> =>
    fc.tuple(tie(of), tie(of));
  const made = (
    fns: readonly FunctionName[],
    args: fc.Arbitrary<readonly Expression[]>,
    otherwise: Expression,
  ): fc.Arbitrary<Expression> =>
    fc.tuple(fc.constantFrom(...fns), args).map(([fn, list]) => {
      const result = functionSpec(fn).resultType(list.map((arg) => arg.type));
      return typeof result === 'string' ? otherwise : call(fn, ...list);
    });
  const choose = (of: keyof Expressions, otherwise: Expression): fc.Arbitrary<Expression> =>
    fc.tuple(tie('bool'), tie(of), tie(of)).map(([when, then, other]) => {
      const result = functionSpec('coalesce').resultType([then.type, other.type]);
      if (typeof result === 'string') return otherwise;
      return {
        kind: 'case',
        branches: [{ when, then }],
        otherwise: other,
        type: result,
        nullable: true,
      };
    });
  return {
    number: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(...['i', 'j', 'l', 'm', 'c', 'f', 'g', 'p'].map(x)),
      fc.integer({ min: -5, max: 5 }).map((n) => literal('int32', n)),
      made(
        ['plus', 'minus', 'times', 'div', 'mod', 'least', 'greatest', 'coalesce'],
        pair('number'),
        x('i'),
      ),
      made(['neg', 'abs', 'floor', 'ceil', 'round', 'toFloat'], fc.tuple(tie('number')), x('f')),
      made(
        ['hourOfDay', 'dayOfWeek', 'year', 'monthOfYear', 'epochMs'],
        fc.constant([x('t')]),
        x('i'),
      ),
      made(['length'], fc.tuple(tie('text')), x('i')),
      choose('number', x('l')),
    ),
    bool: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(x('b'), x('d')),
      made(['and', 'or', 'eq', 'ne', 'coalesce'], pair('bool'), x('b')),
      made(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], pair('number'), x('b')),
      made(
        ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'startsWith', 'endsWith', 'contains'],
        pair('text'),
        x('d'),
      ),
      made(['not', 'isNull', 'isNotNull'], fc.tuple(tie('bool')), x('d')),
      choose('bool', x('b')),
    ),
    text: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(x('s'), x('u')),
      scalar.s.map((s) => literal('string', s)),
      made(['concat', 'least', 'greatest', 'coalesce'], pair('text'), x('s')),
      made(['lower', 'upper', 'trim'], fc.tuple(tie('text')), x('u')),
      fc
        .tuple(tie('text'), fc.integer({ min: -2, max: 4 }), fc.integer({ min: -1, max: 4 }))
        .map(([s, from, length]) =>
          call('substring', s, literal('int32', from), literal('int32', length)),
        ),
      choose('text', x('s')),
    ),
  };
});

const failed = Symbol('failed');

function interpreted(expression: Expression, row: Row): Value | typeof failed {
  try {
    return evaluate(expression, row);
  } catch {
    return failed;
  }
}

describe('generated code and the interpreter', () => {
  it('agree on any expression, any nulls, and on which rows fail', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.oneof(number, text, bool), fc.oneof(number, text, bool)),
        bool,
        fc.array(rowArbitrary, { minLength: 1, maxLength: 8 }),
        (outputs, predicate, rows) => {
          const project = compileProjection({ fields, predicates: [predicate], outputs });
          const result = project(batchOf(rows));
          const selected = [...result.selected.subarray(0, result.selectedCount)];
          const failures = result.failures.map((failure) => failure.row);
          rows.forEach((row, i) => {
            const kept = interpreted(predicate, row);
            const values = outputs.map((output) => interpreted(output, row));
            const fails = kept === failed || (kept === true && values.includes(failed));
            expect(failures.includes(i)).toBe(fails);
            expect(selected.includes(i)).toBe(kept === true && !fails);
            if (kept !== true || fails) return;
            const actual = outputs.map((output, k) => {
              const made = result.columns[k];
              if (made === undefined) throw new Error('no output');
              return readValue(made, { name: '', type: output.type, nullable: true }, i);
            });
            expect(actual).toEqual(values);
          });
        },
      ),
      { numRuns: 600 },
    );
  });
});
