// Columns that are made of aggregates: one by itself is a feature; an expression over several is a
// derived feature, with the aggregates below it as features of their own.
import type { DerivedNode } from '../../plan/plan.ts';
import { refusal } from '../syntax/sql-error.ts';
import type { CallExpression, SqlExpression } from '../syntax/syntax-tree.ts';
import { featureColumn, type QueryFeatures } from './aggregates.ts';
import { bindCondition, bindExpression, type ExpressionScope } from './bind-expression.ts';
import { hidden, type OutputColumn } from './bound-query.ts';
import { aggregateFunctions } from './find-calls.ts';
import { bindScalar } from './scalar-functions.ts';
import { sqlTypes } from './sql-type.ts';

export class QueryOutputs {
  readonly features: QueryFeatures;
  readonly derived: DerivedNode[] = [];
  readonly #isOver: boolean;

  constructor(features: QueryFeatures, isOver: boolean) {
    this.features = features;
    this.#isOver = isOver;
  }

  /** The column of an expression that holds an aggregate. */
  column(expression: SqlExpression, alias: string | null, i: number): OutputColumn {
    const name = alias ?? `EXPR$${i}`;
    if (expression.kind === 'call' && aggregateFunctions.includes(expression.name)) {
      this.#check(expression);
      const { feature, type, finish } = this.features.bind(expression, this.#isOver);
      return { name, type, value: { kind: 'feature', name: feature.name, finish } };
    }
    const { node, type } = bindExpression(expression, this.#scope());
    const derived = `d${this.derived.length}`;
    const { type: field, nullable } = node;
    this.derived.push({ kind: 'derived', name: derived, type: field, nullable, value: node });
    const value = { kind: 'feature', name: derived, finish: { kind: 'as-is' } } as const;
    return { name, type: type ?? sqlTypes.string, value };
  }

  addHaving(condition: SqlExpression): void {
    const value = bindCondition(condition, this.#scope());
    const { type, nullable } = value;
    this.derived.push({ kind: 'derived', name: hidden.having, type, nullable, value });
  }

  /** Over what aggregates give; the columns of the key are not there. */
  #scope(): ExpressionScope {
    return {
      name: ({ at }) => {
        const fix = 'select the column and the aggregate by themselves';
        throw refusal(at, 'columns and aggregates do not meet in one expression of the plan', fix);
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
