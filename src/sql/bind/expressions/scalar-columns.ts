// Columns that are computed for each record before anything else sees it, by functions that the plan does
// not have. An expression refers to them as to any column. A guard is what must be true for a value to be
// wanted at all: the branch of a CASE, the WHERE of a subquery. Without it nothing is computed.
import type { Expression } from '../../../plan/expression.ts';
import type { RowFunction } from '../../functions/row-function.ts';
import type { Bound } from './bound.ts';
import { literalNode, nodeText } from './expression-nodes.ts';
import type { SqlType } from '../sql-type.ts';

export interface ScalarColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly args: readonly { readonly node: Expression; readonly type: SqlType }[];
  readonly guards: readonly Expression[];
  readonly takesNull: boolean;
  readonly run: RowFunction;
}

/** A function with its arguments. `fn`: equal for equal functions. */
export interface ScalarUse {
  readonly fn: string;
  readonly args: readonly Bound[];
  readonly type: SqlType;
  readonly run: RowFunction;
  readonly takesNull?: boolean;
}

export class ScalarColumns {
  readonly columns: ScalarColumn[] = [];
  readonly #prefix: string;
  readonly #byText = new Map<string, ScalarColumn>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The column of a function; equal ones are one. */
  add(use: ScalarUse, guards: readonly Expression[]): Bound {
    const { fn, type, run, takesNull = false } = use;
    const args = use.args.map(({ node, type: argType }) => ({ node, type: argType ?? type }));
    const hasNull = args.some(({ node }) => node.kind === 'literal' && node.value === null);
    if (hasNull && !takesNull) return { node: literalNode(null, type.field), type };
    const wanted = args.every(({ node }) => node.kind === 'literal') ? [] : guards;
    const text = nodeText([fn, type, args.map(({ node }) => node), wanted]);
    const known = this.#byText.get(text);
    const column: ScalarColumn = known ?? {
      name: `${this.#prefix}${this.columns.length}`,
      ...{ type, args, guards: wanted, takesNull, run },
    };
    if (known === undefined) {
      this.#byText.set(text, column);
      this.columns.push(column);
    }
    return { node: { kind: 'column', name: column.name, type: type.field, nullable: true }, type };
  }
}
