// Columns that are made of aggregates: one by itself is a feature; an expression over several is a
// derived feature, with the aggregates below it as features of their own. With keys, boundaries of windows
// or functions that the plan does not have it is computed behind the view.
import type { Expression } from '../../plan/expression.ts';
import type { DerivedNode } from '../../plan/plan.ts';
import { refusal } from '../syntax/sql-error.ts';
import type { CallExpression, NameExpression, SqlExpression } from '../syntax/syntax-tree.ts';
import { featureColumn, type QueryFeatures } from './aggregates.ts';
import { bindCondition, bindExpression } from './expressions/bind-expression.ts';
import type { Bound } from './expressions/bound.ts';
import type { OutputColumn } from './bound-query.ts';
import type { ExpressionScope } from './expressions/expression-scope.ts';
import { aggregateFunctions } from './expressions/find-calls.ts';
import { bindScalar } from './expressions/scalar-functions.ts';
import { ScalarColumns } from './expressions/scalar-columns.ts';
import { sqlTypes } from './sql-type.ts';

/** What expressions over results may name besides aggregates. */
export interface OutputNames {
  /** A column of the row that aggregates are computed for, as a column of what is given out. */
  name(expression: NameExpression): Bound;
  /** An expression that is known as a whole: a key, a boundary of the window. */
  whole(expression: SqlExpression): Bound | null;
}

export class QueryOutputs {
  readonly features: QueryFeatures;
  readonly derived: DerivedNode[] = [];
  /** Expressions over features and over columns that `names` gives. */
  readonly computed: Expression[] = [];
  readonly scalars = new ScalarColumns('own_r');
  /** The place of HAVING in `computed`. */
  having: number | null = null;
  readonly #isOver: boolean;
  readonly #names: OutputNames;

  constructor(features: QueryFeatures, isOver: boolean, names: OutputNames) {
    this.features = features;
    this.#isOver = isOver;
    this.#names = names;
  }

  /** The column of an expression over results. */
  column(expression: SqlExpression, alias: string | null, i: number): OutputColumn {
    const name = alias ?? `EXPR$${i}`;
    if (expression.kind === 'call' && aggregateFunctions.includes(expression.name)) {
      this.#check(expression);
      const { feature, type, finish } = this.features.bind(expression, this.#isOver);
      return { name, type, value: { kind: 'feature', name: feature.name, finish } };
    }
    const scalarCount = this.scalars.columns.length;
    const names = new Set<string>();
    const { node, type } = bindExpression(expression, this.#scope(names));
    if (node.kind === 'literal') {
      return {
        name,
        type: type ?? sqlTypes.string,
        value: { kind: 'constant', value: node.value },
      };
    }
    if (names.size > 0 || this.scalars.columns.length > scalarCount || isScalar(node)) {
      const value = { kind: 'computed', index: this.computed.push(node) - 1 } as const;
      return { name, type: type ?? sqlTypes.string, value };
    }
    const derived = `d${this.derived.length}`;
    const { type: field, nullable } = node;
    this.derived.push({ kind: 'derived', name: derived, type: field, nullable, value: node });
    const value = { kind: 'feature', name: derived, finish: { kind: 'as-is' } } as const;
    return { name, type: type ?? sqlTypes.string, value };
  }

  addHaving(condition: SqlExpression): void {
    const value = bindCondition(condition, this.#scope(new Set()));
    this.having = this.computed.push(value) - 1;
  }

  /** Over what aggregates give, and over columns, whose names are put into `names`. */
  #scope(names: Set<string>): ExpressionScope {
    return {
      scalars: this.scalars,
      guards: [],
      whole: (expression) => {
        const known = this.#names.whole(expression);
        if (known !== null) names.add('whole');
        return known;
      },
      name: (expression) => {
        names.add(expression.parts.join('.'));
        return this.#names.name(expression);
      },
      call: (call, scope) => {
        if (!aggregateFunctions.includes(call.name)) return bindScalar(call, scope);
        this.#check(call);
        return featureColumn(this.features.bind(call, this.#isOver), scope);
      },
    };
  }

  #check({ over, filter, name, at }: CallExpression): void {
    if (this.#isOver === (over !== null)) {
      if (over === null || filter === null) return;
      const fix = 'use CASE WHEN … THEN … END in its argument';
      throw refusal(at, 'FILTER does not stand with OVER, here as in Flink', fix);
    }
    const fix = over === null ? `give ${name} an OVER (…)` : `take OVER away from ${name}`;
    throw refusal(at, 'aggregates of groups and of OVER windows do not meet in one query', fix);
  }
}

/** A function of results that was bound for another column already. */
function isScalar(node: Expression): boolean {
  switch (node.kind) {
    case 'column':
      return node.name.startsWith('own_');
    case 'literal':
      return false;
    case 'call':
      return node.args.some(isScalar);
    case 'case':
      return (
        isScalar(node.otherwise) ||
        node.branches.some(({ when, then }) => isScalar(when) || isScalar(then))
      );
  }
}
