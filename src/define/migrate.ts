// How values that state keeps become values of another type, as an expression over the old one.
import type { FieldType, TypeKind } from '../kernel/types/field-type.ts';
import type { Expression } from '../plan/expression.ts';
import { oldValueColumn } from '../plan/upgrade/upgrade-node.ts';
import { attempt } from './expressions/condition.ts';
import type { AnyExpr, ExprOf } from './expression.ts';
import { ExpressionBuilder, toExpression } from './expression-builder.ts';
import type { TypeBuilder } from './type-builder.ts';

/** A migration of one feature's kept values, made by `migrate`. */
export interface FeatureMigration {
  readonly definition: 'migration';
  readonly from: FieldType;
  readonly by: Expression;
  readonly problems: readonly string[];
}

/**
 * Says how a value of type `from`, kept by the state of an older definition, becomes one of today.
 * **Shape**: the value that the feature's aggregate took, never null, to its input's type of today.
 * Used in `upgrade: { retyped: { max_24h: migrate(t.int32(), (old) => old.toFloat()) } }`.
 */
export function migrate<K extends TypeKind, V>(
  from: TypeBuilder<K, V, boolean>,
  by: (old: ExprOf<K, V, false>) => AnyExpr,
): FeatureMigration {
  const type: FieldType = from?.type ?? { kind: 'float64' };
  const old = new ExpressionBuilder({
    kind: 'column',
    name: oldValueColumn,
    type,
    nullable: false,
  }) as unknown as ExprOf<K, V, false>;
  const { value, problem } = attempt(() => by(old));
  const { node, problems } = toExpression(value);
  const thrown = problem === null ? [] : [`the migration threw: ${problem}`];
  return Object.freeze({
    definition: 'migration' as const,
    from: type,
    by: node,
    problems: [...thrown, ...problems],
  });
}
