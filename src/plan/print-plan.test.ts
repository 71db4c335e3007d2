import { describe, expect, it } from 'vitest';
import * as shop from '../../examples/shop/features/shop.ts';
import { buildPlan, count, cumulate, entity, featureView, sum, tumbling } from '../index.ts';
import type { Expression } from './expression.ts';
import { formatExpression } from './printing/format-expression.ts';
import { printPlan } from './print-plan.ts';

const { purchases } = shop;
const everyone = entity('everyone', { key: {} });

describe('a plan for people', () => {
  it('says what is read, computed, kept and late', () => {
    const lines = printPlan(buildPlan([shop]).plan)
      .split('\n')
      .filter((line) => !line.includes('fingerprint'));
    expect(lines).toEqual([
      'plan: 1 stream, 1 view, 13 features',
      '',
      'stream purchases',
      '  event time  ts, out of order up to 5s; a silent split holds nothing back after 30s; refused when further ahead than 1h',
      '  ties        by event_id',
      '  fields      event_id string, user_id string, amount float64, category string?, ts timestamp',
      '',
      'view user_spend: Spend velocity per user',
      '  key         user_id string (entity user)',
      '  reads       purchases where amount > 0',
      '  emits       on arrival: each record updates its key at once',
      '  decay       within 1/60 of the window (1s at least) after records leave it',
      '  late        rolling: a record that has already left the window',
      '              others: a record whose windows, and their allowed lateness, are over',
      '              late records are counted and kept apart, with the features that missed them',
      '  expires     8d after the last event of a key',
      '  keeps       the records of the last 1d, shared by 5 features',
      '              the last 20 records',
      '              the open and the last window for spend_5m',
      '              6 panes and the open ones for avg_1h_by_10m',
      '              up to 169 slots for categories_7d',
      '              up to 289 slots for p95_24h',
      '              the open sessions and the last one for session_count',
      '              one accumulator for last_amounts',
      '  owner       risk-team [fraud]',
      '  features',
      '    spend_1h         float64?            sum(amount) over rolling 1h',
      '    purchases_1h     int64               count() over rolling 1h',
      '    max_24h          float64?            max(amount) over rolling 1d',
      '    spend_5m         float64?            sum(amount) over tumbling 5m',
      '    avg_1h_by_10m    float64?            avg(amount) over hopping 1h every 10m',
      '    categories_7d    int64               approxDistinct(category) over rolling 7d by 1h',
      '    p95_24h          float64?            quantile(amount, 0.95) over rolling 1d by 5m',
      '    big_1h           int64               count() where amount ≥ 500 over rolling 1h',
      '    session_count    int64               count() over session 30m',
      '    last_amounts     list(float64)       lastN(amount, 5) over lifetime',
      '    max_20           float64?            max(amount) over rolling 20 records',
      '    by_category_24h  map(string, int64)  countBy(category, 50) over rolling 1d',
      '    share_big        float64             = big_1h / purchases_1h',
    ]);
  });

  it('says how windows are cut', () => {
    const view = featureView('all', {
      entity: everyone,
      from: purchases,
      emit: 'watermark',
      features: (p) => ({
        a: count().over(tumbling('1d', { offset: '-1h', serve: 'open', allowedLateness: '5m' })),
        b: sum(p.amount, { distinct: true }).over(cumulate('1d', { step: '1h' })),
      }),
    });
    const text = printPlan(buildPlan([{ view }]).plan);
    expect(text).toContain('none: one group of everything (entity everyone)');
    expect(text).toContain('count() over tumbling 1d, the open one, shifted by -1h, late up to 5m');
    expect(text).toContain('sum(distinct amount) over cumulate 1d by 1h');
  });
});

describe('an expression for people', () => {
  it.each<[string, string]>([
    ['a or b and c', 'a or b and c'],
    ['and of an or', '(a or b) and c'],
    ['not of an or', 'not (a or b)'],
    ['minus on the right', 'n - (n - 1)'],
    ['minus on the left', 'n - 1 - 1'],
    ['times of plus', '(n + 1) * 2'],
    ['neg of plus', '-(n + 1)'],
    ['is null of plus', 'n + 1 is null'],
    ['in', "s in ('a', 'it''s')"],
    ['case', 'case when a then 1 else 2 end'],
    ['call', 'coalesce(n, 0)'],
  ])('%s is written %s', (name, text) => {
    expect(formatExpression(expressions[name] as Expression)).toBe(text);
  });
});

const bool = { type: { kind: 'bool' }, nullable: false } as const;
const float = { type: { kind: 'float64' }, nullable: false } as const;
const text = { type: { kind: 'string' }, nullable: false } as const;
const column = (name: string): Expression => ({ kind: 'column', name, ...bool });
const number = (value: number): Expression => ({ kind: 'literal', value, ...float });
const string = (value: string): Expression => ({ kind: 'literal', value, ...text });
const call = (fn: (Expression & { kind: 'call' })['fn'], ...args: Expression[]): Expression => ({
  kind: 'call',
  fn,
  args,
  ...bool,
});
const [a, b, c, n, s] = ['a', 'b', 'c', 'n', 's'].map(column) as [
  Expression,
  Expression,
  Expression,
  Expression,
  Expression,
];
const expressions: Readonly<Record<string, Expression>> = {
  'a or b and c': call('or', a, call('and', b, c)),
  'and of an or': call('and', call('or', a, b), c),
  'not of an or': call('not', call('or', a, b)),
  'minus on the right': call('minus', n, call('minus', n, number(1))),
  'minus on the left': call('minus', call('minus', n, number(1)), number(1)),
  'times of plus': call('times', call('plus', n, number(1)), number(2)),
  'neg of plus': call('neg', call('plus', n, number(1))),
  'is null of plus': call('isNull', call('plus', n, number(1))),
  in: call('in', s, string('a'), string("it's")),
  case: {
    kind: 'case',
    branches: [{ when: a, then: number(1) }],
    otherwise: number(2),
    ...float,
  },
  call: call('coalesce', n, number(0)),
};
