// Generates one row loop for a list of predicates and outputs. Predicates are tried in order: a row
// that one of them drops is not evaluated further. Arrays and the result are reused between calls.
// The naive oracle is the check on the code made here; there is no interpreter beside it.
import { type ColumnBuilder, columnForField, ensureRows } from '../columns/column-builder.ts';
import type { Column } from '../columns/column.ts';
import type { CallExpression, Expression } from '../plan/expression.ts';
import { TextBuffer } from './byte-text.ts';
import { ExpressionEmitter, isTrue } from './expression-emitter.ts';
import { callEmitters } from './expression-functions.ts';
import { generatedRuntime } from './generated-runtime.ts';
import { canFail, expressionKey, type Operand } from './operand.ts';
import type { Projection, ProjectionFailure, ProjectionOptions } from './projection.ts';

/** One row loop: returns how many rows it selected. */
type RowLoop = (columns: readonly Column[], rowCount: number, selected: Int32Array) => number;

interface OutputPlan {
  /** Position of the input column that is passed through, or null. */
  readonly passed: number | null;
  readonly expression: Expression;
  readonly builder: ColumnBuilder | null;
}

/** Compiles predicates and outputs to a function over batches; its result is valid until its next call. */
export function compileProjection(options: ProjectionOptions): Projection {
  const outputs = planOutputs(options);
  const failures: ProjectionFailure[] = [];
  const loop = compileLoop(options, outputs, failures);
  const columns: Column[] = [];
  const result = {
    columns,
    selected: new Int32Array(0) as Int32Array,
    selectedCount: 0,
    failures,
  };
  const builders = new Set(outputs.flatMap(({ builder }) => builder ?? []));
  return (batch) => {
    const { rowCount } = batch;
    if (result.selected.length < rowCount) result.selected = everyRow(rowCount, loop !== null);
    failures.length = 0;
    for (const builder of builders) {
      ensureRows(builder, rowCount);
      if (builder.kind === 'bytes') builder.dataLength = 0;
    }
    result.selectedCount =
      loop === null ? rowCount : loop(batch.columns, rowCount, result.selected);
    for (const [i, { passed, builder }] of outputs.entries()) {
      columns[i] = (passed === null ? builder : batch.columns[passed]) as Column;
    }
    return result;
  };
}

/** Room for row numbers; without a loop to write them they are the rows themselves. */
function everyRow(rowCount: number, isWritten: boolean): Int32Array {
  const rows = new Int32Array(rowCount + (rowCount >> 1));
  if (!isWritten) for (let row = 0; row < rows.length; row++) rows[row] = row;
  return rows;
}

function planOutputs({ fields, outputs }: ProjectionOptions): readonly OutputPlan[] {
  const builders = new Map<string, ColumnBuilder>();
  return outputs.map((expression) => {
    const { type, nullable } = expression;
    if (expression.kind === 'column') {
      const passed = fields.findIndex((field) => field.name === expression.name);
      if (passed >= 0) return { passed, expression, builder: null };
    }
    const key = expressionKey(expression);
    const builder = builders.get(key) ?? columnForField({ name: '', type, nullable });
    builders.set(key, builder);
    return { passed: null, expression, builder };
  });
}

/** The loop, or null when there is nothing to do per row. */
function compileLoop(
  options: ProjectionOptions,
  outputs: readonly OutputPlan[],
  failures: ProjectionFailure[],
): RowLoop | null {
  const emitter = new ExpressionEmitter(options.fields, callEmitters);
  const builders: ColumnBuilder[] = [];
  for (const predicate of options.predicates.flatMap(conjuncts)) {
    emitter.line(`if (!(${isTrue(emitter.compile(predicate))})) continue;`);
  }
  for (const { builder, expression } of outputs) {
    if (builder === null || builders.includes(builder)) continue;
    emitStore(emitter, emitter.compile(expression), builder, builders.push(builder) - 1);
  }
  if (emitter.lines.length === 0) return null;
  const source = loopSource(emitter, builders);
  const environment = {
    ...generatedRuntime,
    constants: emitter.constants,
    builders,
    text: new TextBuffer(),
    fail: (row: number, message: string): void => {
      failures.push({ row, message });
    },
  };
  // The one place where code is made from a plan: plans hold no text that is not quoted by us.
  const create = new Function('environment', source) as (given: typeof environment) => RowLoop;
  return create(environment);
}

/** `a and b` as two predicates, where the second cannot fail on rows that the first drops. */
function conjuncts(predicate: Expression): readonly Expression[] {
  if (!isAnd(predicate)) return [predicate];
  const [left, right] = predicate.args;
  if (left === undefined || right === undefined || canFail(right)) return [predicate];
  return [...conjuncts(left), ...conjuncts(right)];
}

function isAnd(expression: Expression): expression is CallExpression {
  return expression.kind === 'call' && expression.fn === 'and';
}

function emitStore(
  emitter: ExpressionEmitter,
  operand: Operand,
  builder: ColumnBuilder,
  index: number,
): void {
  const { isNull } = operand;
  if (isNull !== null) emitter.line(`o${index}n[row] = ${isNull} ? 1 : 0;`);
  if (builder.kind === 'bytes') {
    const { value } = operand;
    emitter.line(`o${index}s[row] = o${index}.dataLength;`);
    const copy = `appendBytes(o${index}, ${value}d, ${value}s, ${value}e);`;
    emitter.line(isNull === null ? copy : `if (!${isNull}) ${copy}`);
    emitter.line(`o${index}e[row] = o${index}.dataLength;`);
    return;
  }
  const value = storedValue(operand, builder);
  if (builder.kind === 'object' && isNull !== null) {
    emitter.line(`o${index}v[row] = ${isNull} ? null : ${value};`);
  } else if (builder.kind === 'int64' || isNull === null) {
    emitter.line(`o${index}v[row] = ${value};`);
  } else {
    emitter.line(`o${index}v[row] = ${isNull} ? 0 : ${value};`);
  }
}

function storedValue({ type, value }: Operand, builder: ColumnBuilder): string {
  if (builder.kind === 'bool') return `${value} ? 1 : 0`;
  if (builder.kind === 'object' && type.kind === 'decimal') {
    return `formatDecimal(${value}, ${type.scale})`;
  }
  return value;
}

function loopSource(emitter: ExpressionEmitter, builders: readonly ColumnBuilder[]): string {
  const constants = emitter.constants.map((_, i) => `const k${i} = constants[${i}];`);
  const inputs = [...emitter.usedColumns].map((i) => `const { ${inputNames(i)} } = columns[${i}];`);
  const usesText = emitter.lines.some((line) => line.includes('text.'));
  return [
    "'use strict';",
    `const { ${Object.keys(generatedRuntime).join(', ')} } = environment;`,
    'const { constants, builders, text, fail } = environment;',
    ...constants,
    ...builders.map((_, i) => `const o${i} = builders[${i}];`),
    'return function project(columns, rowCount, selected) {',
    ...inputs,
    ...builders.map((builder, i) => `const { ${outputNames(builder, i)} } = o${i};`),
    'let selectedCount = 0;',
    'for (let row = 0; row < rowCount; row++) {',
    usesText ? 'text.reset();' : '',
    ...emitter.lines,
    'selected[selectedCount++] = row;',
    '}',
    'return selectedCount;',
    '};',
  ].join('\n');
}

function inputNames(i: number): string {
  return `nulls: c${i}n, values: c${i}v, data: c${i}d, starts: c${i}s, ends: c${i}e`;
}

function outputNames({ kind }: ColumnBuilder, i: number): string {
  if (kind !== 'bytes') return `nulls: o${i}n, values: o${i}v`;
  return `nulls: o${i}n, starts: o${i}s, ends: o${i}e`;
}
