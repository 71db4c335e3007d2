// What the parser gives: statements and expressions as they were written, with offsets. Nothing here
// is looked up; that is `bind/`.

/** Every node says where it begins. */
interface Placed {
  readonly at: number;
}

export type SqlExpression =
  | NameExpression
  | StarExpression
  | NumberExpression
  | TextExpression
  | BoolExpression
  | NullExpression
  | IntervalExpression
  | DateExpression
  | TimestampExpression
  | ItemExpression
  | FieldExpression
  | UnaryExpression
  | BinaryExpression
  | InExpression
  | BetweenExpression
  | LikeExpression
  | CaseWhenExpression
  | CastExpression
  | CallExpression;

export interface NameExpression extends Placed {
  readonly kind: 'name';
  /** `column`, or `table.column`. */
  readonly parts: readonly string[];
}

export interface StarExpression extends Placed {
  readonly kind: 'star';
}

export interface NumberExpression extends Placed {
  readonly kind: 'number';
  readonly text: string;
}

export interface TextExpression extends Placed {
  readonly kind: 'text';
  readonly value: string;
}

export interface BoolExpression extends Placed {
  readonly kind: 'bool';
  readonly value: boolean;
}

export interface NullExpression extends Placed {
  readonly kind: 'null';
}

export interface IntervalExpression extends Placed {
  readonly kind: 'interval';
  readonly ms: number;
  /** Of months, quarters and years, which have no fixed length. */
  readonly months: number;
}

export interface DateExpression extends Placed {
  readonly kind: 'date';
  readonly value: string;
}

export interface TimestampExpression extends Placed {
  readonly kind: 'timestamp';
  readonly value: string;
}

/** `a[1]`, `m['k']` */
export interface ItemExpression extends Placed {
  readonly kind: 'item';
  readonly arg: SqlExpression;
  readonly index: SqlExpression;
}

/** `a[1].b`; fields of columns are names of several parts. */
export interface FieldExpression extends Placed {
  readonly kind: 'field';
  readonly arg: SqlExpression;
  readonly name: string;
}

export type UnaryOperator =
  | '-'
  | 'NOT'
  | 'IS NULL'
  | 'IS NOT NULL'
  | 'IS TRUE'
  | 'IS FALSE'
  | 'IS NOT TRUE'
  | 'IS NOT FALSE';

export interface UnaryExpression extends Placed {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly arg: SqlExpression;
}

export type BinaryOperator =
  | 'OR'
  | 'AND'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IS DISTINCT FROM'
  | '||'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

export interface BinaryExpression extends Placed {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: SqlExpression;
  readonly right: SqlExpression;
}

export interface InExpression extends Placed {
  readonly kind: 'in';
  readonly arg: SqlExpression;
  readonly values: readonly SqlExpression[];
  readonly isNegated: boolean;
}

export interface BetweenExpression extends Placed {
  readonly kind: 'between';
  readonly arg: SqlExpression;
  readonly low: SqlExpression;
  readonly high: SqlExpression;
  readonly isNegated: boolean;
}

export interface LikeExpression extends Placed {
  readonly kind: 'like';
  readonly arg: SqlExpression;
  readonly pattern: SqlExpression;
  readonly escape: SqlExpression | null;
  readonly isNegated: boolean;
}

export interface CaseWhenExpression extends Placed {
  readonly kind: 'case';
  readonly operand: SqlExpression | null;
  readonly branches: readonly { readonly when: SqlExpression; readonly then: SqlExpression }[];
  readonly otherwise: SqlExpression | null;
}

export interface CastExpression extends Placed {
  readonly kind: 'cast';
  readonly arg: SqlExpression;
  readonly type: TypeSyntax;
  /** TRY_CAST: null where it fails. */
  readonly isTry: boolean;
}

/** A function with its arguments; `EXTRACT(HOUR FROM x)` is the function `EXTRACT HOUR`. */
export interface CallExpression extends Placed {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly SqlExpression[];
  readonly isDistinct: boolean;
  readonly filter: SqlExpression | null;
  /** A window, or the name of one. */
  readonly over: OverSyntax | string | null;
}

/** The window of `OVER`. */
export interface OverSyntax extends Placed {
  readonly partitionBy: readonly SqlExpression[];
  readonly orderBy: readonly { readonly by: SqlExpression; readonly isDescending: boolean }[];
  readonly frame: FrameSyntax | null;
}

export interface FrameSyntax extends Placed {
  readonly unit: 'ROWS' | 'RANGE';
  /** How far back; null: without a bound. */
  readonly preceding: SqlExpression | null;
}

/** A type as it was written: `DECIMAL(10, 2)`. */
export interface TypeSyntax extends Placed {
  readonly name: string;
  readonly args: readonly number[];
  /** Of ARRAY, MAP and ROW. */
  readonly parts: readonly { readonly name: string; readonly type: TypeSyntax }[];
  readonly isNotNull: boolean;
}

export type Relation = TableRelation | QueryRelation | WindowRelation;

export interface TableRelation extends Placed {
  readonly kind: 'table';
  readonly name: string;
  /** Of a hint: they stand instead of those of the table. */
  readonly options: ReadonlyMap<string, OptionSyntax>;
  readonly alias: string | null;
}

export interface QueryRelation extends Placed {
  readonly kind: 'query';
  readonly query: SelectSyntax;
  readonly alias: string | null;
}

export type WindowFunctionName = 'TUMBLE' | 'HOP' | 'CUMULATE' | 'SESSION';

/** `TUMBLE(TABLE t, DESCRIPTOR(c), INTERVAL …)`. */
export interface WindowRelation extends Placed {
  readonly kind: 'window';
  readonly fn: WindowFunctionName;
  readonly input: Relation;
  readonly partitionBy: readonly SqlExpression[];
  readonly timeColumn: NameExpression;
  readonly lengths: readonly IntervalExpression[];
  readonly alias: string | null;
}

export interface SelectItem extends Placed {
  readonly expression: SqlExpression;
  readonly alias: string | null;
}

export interface SelectSyntax extends Placed {
  readonly items: readonly SelectItem[];
  readonly isDistinct: boolean;
  readonly from: Relation;
  readonly where: SqlExpression | null;
  /** Null: no GROUP BY. */
  readonly groupBy: readonly SqlExpression[] | null;
  readonly having: SqlExpression | null;
  /** `WINDOW w AS (…)`. */
  readonly windows: ReadonlyMap<string, OverSyntax>;
  /** `WITH v AS (…)`. */
  readonly views: ReadonlyMap<string, SelectSyntax>;
  /** What is behind UNION ALL. */
  readonly unions: readonly SelectSyntax[];
  readonly limit: (Placed & { readonly count: number }) | null;
}

export type Statement =
  | CreateTableStatement
  | CreateViewStatement
  | DropStatement
  | InsertStatement
  | StatementSetStatement
  | SetStatement
  | ShowStatement
  | DescribeStatement
  | ExplainStatement
  | SelectStatement;

export interface ColumnSyntax extends Placed {
  readonly name: string;
  /** Null: computed. */
  readonly type: TypeSyntax | null;
  readonly computed: SqlExpression | null;
  /** The name of metadata; null: it is a column of the record. */
  readonly metadata: string | null;
}

/** How a name may be there already. */
export type CreateMode = 'new' | 'unless-there' | 'replace';

export interface CreateTableStatement extends Placed {
  readonly kind: 'createTable';
  readonly name: string;
  readonly mode: CreateMode;
  readonly columns: readonly ColumnSyntax[];
  readonly watermark: (Placed & { readonly column: string; readonly value: SqlExpression }) | null;
  readonly primaryKey: (Placed & { readonly columns: readonly string[] }) | null;
  readonly options: ReadonlyMap<string, OptionSyntax>;
  readonly like: LikeSyntax | null;
  /** CREATE TABLE … AS SELECT. */
  readonly query: SelectSyntax | null;
}

/** `LIKE t (EXCLUDING OPTIONS)` */
export interface LikeSyntax extends Placed {
  readonly table: string;
  /** What of the table is left out: ALL, OPTIONS, WATERMARKS, CONSTRAINTS, GENERATED. */
  readonly excluded: readonly string[];
}

export interface OptionSyntax extends Placed {
  readonly value: string;
}

export interface CreateViewStatement extends Placed {
  readonly kind: 'createView';
  readonly name: string;
  readonly mode: CreateMode;
  readonly columns: readonly string[] | null;
  readonly query: SelectSyntax;
}

/** DROP TABLE, DROP VIEW. */
export interface DropStatement extends Placed {
  readonly kind: 'drop';
  readonly name: string;
  readonly isUnlessThere: boolean;
}

export interface ShowStatement extends Placed {
  readonly kind: 'show';
  readonly what: 'TABLES' | 'VIEWS';
}

export interface DescribeStatement extends Placed {
  readonly kind: 'describe';
  readonly name: string;
}

export interface ExplainStatement extends Placed {
  readonly kind: 'explain';
  readonly query: SelectSyntax;
}

export interface InsertStatement extends Placed {
  readonly kind: 'insert';
  readonly table: string;
  readonly options: ReadonlyMap<string, OptionSyntax>;
  readonly columns: readonly string[] | null;
  readonly query: SelectSyntax;
}

export interface StatementSetStatement extends Placed {
  readonly kind: 'statementSet';
  readonly inserts: readonly InsertStatement[];
}

export interface SetStatement extends Placed {
  readonly kind: 'set';
  readonly name: string;
  readonly value: string;
}

export interface SelectStatement extends Placed {
  readonly kind: 'select';
  readonly query: SelectSyntax;
}
