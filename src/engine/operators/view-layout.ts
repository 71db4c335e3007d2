// What the operator needs to know of a view, worked out once: which expressions to compute per
// record, which windows there are and which features share them.
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import {
  type FeatureNode,
  type Plan,
  predicatesOf,
  streamOf,
  type ViewNode,
} from '../../plan/plan.ts';
import { type WindowNode, windowKey } from '../../plan/window.ts';

export interface ViewLayout {
  readonly view: ViewNode;
  /** Fields of the stream's rows. */
  readonly fields: readonly Field[];
  readonly predicates: readonly Expression[];
  /** Expressions computed per record; the indexes below point into it. */
  readonly outputs: readonly Expression[];
  readonly keyOutputs: readonly number[];
  readonly idOutput: number | null;
  readonly inputs: readonly InputLayout[];
  readonly windows: readonly WindowLayout[];
  /** Watermark mode: records wait for the watermark and give rows. */
  readonly isWaiting: boolean;
}

/** Where the values of a feature's aggregate come from. */
export interface InputLayout {
  /** Null for `count()`. */
  readonly valueOutput: number | null;
  readonly type: FieldType | null;
  readonly whereOutput: number | null;
}

export interface WindowLayout {
  readonly node: WindowNode;
  /** Indexes of the features with this window. */
  readonly features: readonly number[];
  /** Rolling windows: values are shown again when records leave, in steps of this; null = never. */
  readonly decayMs: number | null;
}

export function layoutView(plan: Plan, view: ViewNode): ViewLayout {
  const stream = streamOf(plan, view);
  const outputs: Expression[] = [];
  const indexes = new Map<string, number>();
  const place = (expression: Expression): number => {
    const text = JSON.stringify(expression, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    const known = indexes.get(text);
    if (known !== undefined) return known;
    indexes.set(text, outputs.length);
    return outputs.push(expression) - 1;
  };
  const id = stream.fields.find((field) => field.name === stream.idField);
  const windows = layoutWindows(view);
  return {
    view,
    fields: stream.fields,
    predicates: predicatesOf(view),
    keyOutputs: view.key.map((part) => place(part.value)),
    idOutput: id === undefined ? null : place({ kind: 'column', ...columnOf(id) }),
    inputs: view.features.map((feature) => layoutInput(feature, place)),
    outputs,
    windows,
    isWaiting: windows.some(({ node }) => isRowWindow(node)),
  };
}

function columnOf({ name, type, nullable }: Field): Pick<Field, 'name' | 'type' | 'nullable'> {
  return { name, type, nullable };
}

function layoutInput(
  { aggregate }: FeatureNode,
  place: (expression: Expression) => number,
): InputLayout {
  const { input, where } = aggregate;
  return {
    valueOutput: input === null ? null : place(input),
    type: input?.type ?? null,
    whereOutput: where === null ? null : place(where),
  };
}

function layoutWindows(view: ViewNode): WindowLayout[] {
  const byKey = new Map<string, { node: WindowNode; features: number[] }>();
  for (const [i, { window }] of view.features.entries()) {
    const key = windowKey(window);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { node: window, features: [i] });
    else known.features.push(i);
  }
  return [...byKey.values()].map((layout) => ({ ...layout, decayMs: decayOf(view, layout.node) }));
}

function decayOf(view: ViewNode, node: WindowNode): number | null {
  if (node.kind !== 'rolling') return null;
  if (view.decayMs !== 'default') return view.decayMs;
  return view.emit === 'watermark' ? null : Math.max(1000, Math.floor(node.sizeMs / 60));
}

/** Windows whose values change with every record, so that each record makes a row. */
function isRowWindow(node: WindowNode): boolean {
  switch (node.kind) {
    case 'rolling':
    case 'rollingRows':
    case 'lifetime':
      return true;
    case 'tumbling':
    case 'hopping':
      return node.serve === 'open';
    case 'cumulate':
    case 'session':
      return false;
  }
}
