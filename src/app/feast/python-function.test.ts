import { describe, expect, it } from 'vitest';
import {
  buildPlan,
  greatest,
  hourOfDay,
  type OnDemandView,
  onDemandView,
  t,
  when,
} from '../../index.ts';
import { pythonFunction } from './python-function.ts';

const request = {
  x: t.float64(),
  n: t.int64(),
  word: t.string(),
  at: t.timestamp(),
  price: t.decimal(8, 2),
};

function pythonOf(view: Pick<OnDemandView, 'name' | 'definition'>) {
  const [node] = buildPlan([{ view }]).plan.onDemand ?? [];
  if (node === undefined) throw new Error('no view');
  return pythonFunction(node);
}

const expressions = onDemandView('expressions', {
  request,
  features: (r) => ({
    quotient: r.x.div(r.n),
    next: r.n.plus(1n),
    both: r.x.gt(0).and(r.word.eq('a"b')),
    choice: when(r.n.lt(0), 'low').otherwise('high'),
    most: greatest(r.n, 3n),
  }),
});

describe('an on-demand view in Python', () => {
  const made = pythonOf(expressions);
  const source = 'source' in made ? made.source : made.refused;

  it.each([
    [
      'takes numbers as floats, and gives null for what is not finite',
      'quotient',
      '_number(_strict(lambda a, b: _div(a, b), _strict(float, row["x"]), row["n"]))',
    ],
    ['keeps whole numbers whole', 'next', '_strict(lambda a, b: a + b, row["n"], 1)'],
    [
      'has three truth values',
      'both',
      '_and(_strict(lambda a, b: a > b, _strict(float, row["x"]), 0), _strict(lambda a, b: a == b, row["word"], "a\\"b"))',
    ],
    [
      'chooses the first that is true',
      'choice',
      '("low" if _strict(lambda a, b: a < b, row["n"], 0) is True else "high")',
    ],
    ['compares as many as there are', 'most', '_strict(lambda *a: max(a), row["n"], 3)'],
  ])('%s', (_, feature, code) => {
    expect(source).toContain(`"${feature}": lambda row: ${code},\n`);
  });

  it.each([
    [
      'upper has other rules in Python',
      onDemandView('v', { request, features: (r) => ({ f: r.word.upper() }) }),
    ],
    [
      'it computes with a timestamp',
      onDemandView('v', { request, features: (r) => ({ f: hourOfDay(r.at) }) }),
    ],
    [
      'it computes with a decimal',
      onDemandView('v', { request, features: (r) => ({ f: r.price.plus(r.n) }) }),
    ],
  ])('is refused when %s', (refused, view) => {
    expect(pythonOf(view)).toEqual({ refused });
  });
});
