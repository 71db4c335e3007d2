// What the queries of a view read: the stream's records, filtered, with computed keys as columns. The
// watermark follows all records, as the plan says: Flink makes it at the table, below the filter.
import type { FlinkStatement } from './flink-program.ts';
import { type KeyPartNode, predicatesOf, type StreamNode, type ViewNode } from '../plan/plan.ts';
import { formatExpression } from '../plan/printing/format-expression.ts';
import { type Refusal, refusalsAt } from './refusal.ts';
import { recordsName } from './source-sql.ts';
import { expressionSql } from './sql-expression.ts';
import { ranks } from './sql-writer.ts';
import { commentText, quoteName } from './sql-text.ts';

/** The relation that the queries of a view read, and the statement that makes it; null: none is needed. */
export interface ViewInput {
  readonly name: string;
  readonly statement: FlinkStatement | null;
}

/** The column of a key part in the input: the field itself, or a computed one. */
export function keyColumnOf({ name, value }: KeyPartNode): string {
  return value.kind === 'column' ? value.name : `key__${name}`;
}

export function viewInput(view: ViewNode, stream: StreamNode, refusals: Refusal[]): ViewInput {
  if (stream.rowsOf !== undefined) {
    refusalsAt(`${view.name}.from`, refusals).refuse(
      `it reads the rows of view "${stream.rowsOf}", and rows of Flink's queries have no watermark of their own`,
      "compute it on the engine: .on('engine')",
    );
  }
  const predicates = predicatesOf(view);
  const computed = view.key.filter(({ value }) => value.kind !== 'column');
  const source = recordsName(stream);
  if (predicates.length === 0 && computed.length === 0) return { name: source, statement: null };
  const name = `${view.name}__input`;
  const keys = computed.map((part) => {
    const scope = refusalsAt(`${view.name}.key.${part.name}`, refusals);
    return `, ${expressionSql(part.value, scope)} AS ${quoteName(keyColumnOf(part))}`;
  });
  const scope = refusalsAt(`${view.name}.from`, refusals);
  const wheres = predicates.map((predicate) => expressionSql(predicate, scope, ranks.and));
  const texts = predicates.map(formatExpression).join(' and ');
  const text = [
    commentText(`view ${view.name}: its records${texts === '' ? '' : `, where ${texts}`}`),
    `CREATE TEMPORARY VIEW ${quoteName(name)} AS`,
    `SELECT *${keys.join('')}`,
    `FROM ${quoteName(source)}`,
    ...(wheres.length === 0 ? [] : [`WHERE ${wheres.join(' AND ')}`]),
  ].join('\n');
  return { name, statement: { kind: 'view', name, origin: view.uid, text } };
}
