// Columns that are made of aggregates: one by itself is a feature; an expression over several is a
// derived feature, with the aggregates below it as features of their own.
import type { Expression } from '../../plan/expression.ts';
import type { DerivedNode } from '../../plan/plan.ts';
import { refusal } from '../syntax/sql-error.ts';
import type { CallExpression, NameExpression, SqlExpression } from '../syntax/syntax-tree.ts';
import { featureColumn, type QueryFeatures } from './aggregates.ts';
import { bindCondition, bindExpression, type ExpressionScope } from './bind-expression.ts';
import type { Bound } from './bound.ts';
import { hidden, type OutputColumn } from './bound-query.ts';
import { aggregateFunctions } from './find-calls.ts';
import { bindScalar } from './scalar-functions.ts';
import { sqlTypes } from './sql-type.ts';

/** A column of the row that aggregates are computed for, as a column of what is given out. */
export type ColumnNames = (expression: NameExpression) => Bound;

export class QueryOutputs {
  readonly features: QueryFeatures;
  readonly derived: DerivedNode[] = [];
  /** Expressions over features and over columns that `names` gives. */
  readonly computed: Expression[] = [];
  readonly #isOver: boolean;
  readonly #names: ColumnNames;

  constructor(features: QueryFeatures, isOver: boolean, names: ColumnNames) {
    this.features = features;
    this.#isOver = isOver;
    this.#names = names;
  }

  /** The column of an expression that holds an aggregate. */
  column(expression: SqlExpression, alias: string | null, i: number): OutputColumn {
    const name = alias ?? `EXPR$${i}`;
    if (expression.kind === 'call' && aggregateFunctions.includes(expression.name)) {
      this.#check(expression);
      const { feature, type, finish } = this.features.bind(expression, this.#isOver);
      return { name, type, value: { kind: 'feature', name: feature.name, finish } };
    }
    const names = new Set<string>();
    const { node, type } = bindExpression(expression, this.#scope(names));
    if (names.size > 0) {
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
    const value = bindCondition(condition, this.#scope(null));
    const { type, nullable } = value;
    this.derived.push({ kind: 'derived', name: hidden.having, type, nullable, value });
  }

  /** Over what aggregates give, and over columns, whose names are put into `names`; null: none may. */
  #scope(names: Set<string> | null): ExpressionScope {
    return {
      name: (expression) => {
        if (names === null) {
          const fix = 'put the condition on the column into WHERE';
          throw refusal(expression.at, 'HAVING is about aggregates alone', fix);
        }
        names.add(expression.parts.join('.'));
        return this.#names(expression);
      },
      call: (call, bind) => {
        if (!aggregateFunctions.includes(call.name)) return bindScalar(call, bind);
        this.#check(call);
        return featureColumn(this.features.bind(call, this.#isOver), call.at);
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
