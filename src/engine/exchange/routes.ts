// A route: the views of one stream that have the same key expressions. Rows are dealt to subtasks
// once per route, by the key group of their key, which is also what the state of a key is stored by.
import type { Field } from '../../kernel/types/field-type.ts';
import { columnsOf } from '../../plan/expression.ts';
import type { KeyPartNode, Plan, StreamNode, ViewNode } from '../../plan/plan.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
import { layoutView } from '../operators/view-layout.ts';

export interface KeyRoute {
  readonly key: readonly KeyPartNode[];
  /** Numbers of the views, over all stages in order. */
  readonly views: readonly number[];
  /** Positions of the stream's fields that the views compute with. */
  readonly usedFields: readonly number[];
}

export interface StreamRoutes {
  readonly stream: StreamNode;
  readonly routes: readonly KeyRoute[];
}

interface NumberedView {
  readonly node: ViewNode;
  readonly number: number;
}

/** The routes of every stage: the same on every thread. */
export function routesOf(plan: Plan, stages: readonly SourceStage[]): readonly StreamRoutes[] {
  let next = 0;
  return stages.map(({ stream, views }) => {
    const byKey = new Map<string, NumberedView[]>();
    for (const node of views) {
      const text = JSON.stringify(
        node.key.map(({ value }) => value),
        writeBigint,
      );
      const group = byKey.get(text) ?? [];
      group.push({ node, number: next++ });
      byKey.set(text, group);
    }
    return { stream, routes: [...byKey.values()].map((group) => routeOf(plan, stream, group)) };
  });
}

function routeOf(plan: Plan, stream: StreamNode, views: readonly NumberedView[]): KeyRoute {
  const names = new Set<string>();
  for (const { node } of views) {
    const { predicates, outputs } = layoutView(plan, node);
    for (const expression of [...predicates, ...outputs]) columnsOf(expression, names);
  }
  const isUsed = ({ name }: Field): boolean => names.has(name);
  const usedFields = stream.fields.flatMap((field, i) => (isUsed(field) ? [i] : []));
  const key = views[0]?.node.key ?? [];
  return { key, views: views.map(({ number }) => number), usedFields };
}

function writeBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
