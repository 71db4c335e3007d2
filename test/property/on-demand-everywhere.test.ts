// Features computed at read time are the same three times: answered online from a store, as columns of
// a training set, and by the slow interpreter. Definitions and data are random.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/adapters/memory/index.ts';
import { columnOfValues, type ColumnTable } from '../../src/columns/column-table.ts';
import { readRow } from '../../src/columns/read-value.ts';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import { joinedTable } from '../../src/offline/joined-table.ts';
import { joinOnDemand } from '../../src/offline/on-demand-columns.ts';
import { ViewColumns } from '../../src/offline/view-columns.ts';
import type { Expression } from '../../src/plan/expression.ts';
import { storedColumn } from '../../src/plan/on-demand-inputs.ts';
import { featureFields, type OnDemandViewNode, type Plan } from '../../src/plan/plan.ts';
import { createFeatureReader } from '../../src/serve/read/feature-reader.ts';
import {
  anyPredicate,
  discrete,
  numbers,
  others,
} from '../../src/testing/arbitraries/expressions.ts';
import { allCaseFields, caseValues } from '../../src/testing/arbitraries/fields.ts';
import { evaluate } from '../../src/testing/oracle/expressions.ts';
import {
  callNode,
  columnNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../src/testing/plan-nodes.ts';
import { caseCount, caseSeed } from './case-seed.ts';
import { vectorBatch } from '../../src/testing/vectors.ts';

type Values = Readonly<Record<string, Value>>;

const id: Field = { name: 'user_no', type: { kind: 'int64' }, nullable: false };
const lifetime = { kind: 'lifetime' } as const;
const stored = allCaseFields.filter(({ name }) => name !== 'id' && name !== 'k' && name !== 'ts');
const asked = allCaseFields.filter(({ name }) => name !== 'id' && name !== 'k');
const base = singleViewPlan({
  fields: [id, ...allCaseFields],
  eventTime: { field: 'ts' },
  key: ['user_no'],
  features: stored.map((field) =>
    featureNode(field.name, { fn: 'last', input: columnNode(field), window: lifetime }),
  ),
});
const [view] = base.views;
if (view === undefined) throw new Error('the plan has no view');
const features = featureFields(view);

/** Each column is read from the request or from the store, whichever the coin says. */
function placed(expression: Expression, coins: readonly boolean[]): Expression {
  let at = 0;
  const place = (node: Expression): Expression => {
    if (node.kind === 'literal') return node;
    if (node.kind === 'column') {
      const isStored =
        coins[at++ % coins.length] === true && features.some((f) => f.name === node.name);
      if (!isStored)
        return { ...node, nullable: asked.find((f) => f.name === node.name)?.nullable ?? true };
      return { ...node, name: storedColumn('view', node.name), nullable: true };
    }
    if (node.kind === 'call') return callNode(node.fn, ...node.args.map(place));
    const branches = node.branches.map(({ when, then }) => ({
      when: place(when),
      then: place(then),
    }));
    const otherwise = place(node.otherwise);
    return { ...node, branches, otherwise, nullable: true };
  };
  return place(expression);
}

const most = literalNode(2n ** 63n - 1n, { kind: 'int64' });
const [bigColumn] = discrete.filter((node) => node.type.kind === 'int64');
const overflowing = callNode('plus', bigColumn as Expression, most);

const anyExpression: fc.Arbitrary<Expression> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...numbers, ...discrete, ...others, overflowing),
      anyPredicate,
      fc.tuple(anyPredicate, fc.constantFrom(...numbers)).map(
        ([when, then]): Expression => ({
          kind: 'case',
          branches: [{ when, then }],
          otherwise: literalNode(null, then.type),
          type: then.type,
          nullable: true,
        }),
      ),
    ),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  )
  .map(([expression, coins]) => placed(expression, coins));

const anyView: fc.Arbitrary<OnDemandViewNode> = fc
  .array(anyExpression, { minLength: 1, maxLength: 6 })
  .map((expressions) => ({
    kind: 'onDemandView',
    name: 'computed',
    uid: 'on-demand:computed',
    request: asked,
    from: ['view'],
    features: expressions.map((value, i) => ({
      kind: 'onDemandFeature',
      name: `f${i}`,
      type: value.type,
      nullable: value.nullable,
      value,
    })),
    owner: null,
    description: null,
    tags: [],
  }));

const instant = fc.integer({ min: -1, max: 4_000_000 }).map((ms): Value => ms);
const { k: _k, ...values } = caseValues;
const anyRequest = fc.record({ ...values, ts: instant }) as fc.Arbitrary<Values>;
const anyStored = fc.record({
  ...values,
  amount: fc.oneof(caseValues.amount, fc.constantFrom<Value>(Number.NaN, Infinity, -Infinity, -0)),
}) as fc.Arbitrary<Values>;
const anyLabels = fc.array(
  fc.record({ request: anyRequest, stored: fc.option(anyStored, { freq: 3 }) }),
  { minLength: 1, maxLength: 12 },
);
type Labels = readonly { readonly request: Values; readonly stored: Values | null }[];

const storedView = { view: 'view', key: [id], features, fingerprint: '1' };
const clock = { nowMs: () => 1000, monotonicMs: () => 0, sleep: () => Promise.resolve() };

async function online(plan: Plan, labels: Labels): Promise<readonly Values[]> {
  const context = { project: 'p', baseDirectory: '.', mode: 'write' } as const;
  const store = await memoryStore().open({ ...context, views: [storedView] });
  const rows = labels.flatMap((label, i) =>
    label.stored === null
      ? []
      : [{ key: { user_no: BigInt(i) }, values: label.stored, asOfMs: 1000, seq: 1 }],
  );
  if (rows.length > 0) await store.write(vectorBatch(storedView, rows));
  const reader = createFeatureReader({ plan, store, clockMode: 'wall', clock });
  const reads: Values[] = [];
  for (const [i, { request }] of labels.entries()) {
    reads.push((await reader.compute('computed', { user_no: i }, request)).values);
  }
  await store.close();
  return reads;
}

function offline(plan: Plan, node: OnDemandViewNode, labels: Labels): readonly Values[] {
  const table: ColumnTable = {
    fields: asked.map((field) => ({ ...field, nullable: true })),
    columns: asked.map((field) =>
      columnOfValues(
        field,
        labels.map(({ request }) => request[field.name] ?? null),
      ),
    ),
    rowCount: labels.length,
  };
  const joined = new ViewColumns(view as NonNullable<typeof view>, labels.length);
  const there = labels.flatMap((label, i) => (label.stored === null ? [] : [i]));
  const rows = there.map((i) => labels[i]?.stored ?? {});
  const columns = features.map((field) =>
    columnOfValues(
      field,
      rows.map((row) => row[field.name] ?? null),
    ),
  );
  const times = new Float64Array(labels.length).fill(1000);
  joined.put({ columns, eventTimeMs: times, count: there.length }, there, times);
  const result = joinedTable(
    {
      labels: { ...table, fields: [], columns: [] },
      fullFeatureNames: false,
      onDemand: joinOnDemand(plan, [node], table, 'labels'),
      hidden: ['view'],
    },
    [joined],
  );
  return labels.map((_, row) => readRow(result.columns, result.fields, row));
}

/** What the interpreter says; null for what overflows, which is counted. */
function interpreted(
  node: OnDemandViewNode,
  { request, stored: row }: Labels[number],
  onOverflow: () => void,
): Values {
  const columns: Record<string, Value> = { ...request };
  for (const { name } of features) columns[storedColumn('view', name)] = row?.[name] ?? null;
  return Object.fromEntries(
    node.features.map(({ name, value }) => {
      try {
        return [name, evaluate(value, columns)];
      } catch {
        onOverflow();
        return [name, null];
      }
    }),
  );
}

describe('features computed at read time', () => {
  it('are the same online, in training sets and by the interpreter', {
    timeout: 60_000,
  }, async () => {
    let overflows = 0;
    await fc.assert(
      fc.asyncProperty(anyView, anyLabels, async (node, labels) => {
        const plan: Plan = { ...base, onDemand: [node] };
        const expected = labels.map((label) => interpreted(node, label, () => overflows++));
        expect(await online(plan, labels)).toEqual(expected);
        expect(offline(plan, node, labels)).toEqual(expected);
      }),
      { numRuns: Math.ceil(caseCount / 5), seed: caseSeed },
    );
    expect(overflows).toBeGreaterThan(0);
  });
});
