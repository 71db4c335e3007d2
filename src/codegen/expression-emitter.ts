// Turns expressions into statements of a row loop. Every value is a few local variables; an equal
// expression met again in the same block reuses them. Invariant: the value of an operand is only
// looked at where its null flag is false. A failing row leaves the loop body by `continue`, so no
// generated code may contain an inner loop.
import type { Field, FieldType } from '../kernel/types/field-type.ts';
import type {
  CallExpression,
  CaseExpression,
  ColumnExpression,
  Expression,
  LiteralExpression,
} from '../plan/expression.ts';
import { coerceOperand, literalOperand } from './expression-coercion.ts';
import { type Emission, expressionKey, type Operand, representationOf, zeroOf } from './operand.ts';
import type { FunctionName } from '../plan/functions.ts';

/** Emits the code of a call of one function. */
export type CallEmitter = (emitter: ExpressionEmitter, call: CallExpression) => Operand;
export type CallEmitters = Readonly<Record<FunctionName, CallEmitter>>;

/** A variable (or three, for bytes) that is assigned on several paths. */
export interface Target {
  readonly type: FieldType;
  readonly value: string;
  readonly isNull: string;
}

export class ExpressionEmitter implements Emission {
  readonly lines: string[] = [];
  /** Values that the generated code refers to as `k0`, `k1`, … */
  readonly constants: unknown[] = [];
  /** Input columns in use, by position. */
  readonly usedColumns = new Set<number>();
  readonly #fields: readonly Field[];
  readonly #calls: CallEmitters;
  readonly #scopes: Map<string, Operand>[] = [new Map()];
  #names = 0;

  constructor(fields: readonly Field[], calls: CallEmitters) {
    this.#fields = fields;
    this.#calls = calls;
  }

  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  /** Statements of their own block: what is computed in it is not known after it. */
  block(header: string, body: () => void): void {
    this.line(`${header} {`);
    this.#scopes.push(new Map());
    body();
    this.#scopes.pop();
    this.line('}');
  }

  constant(value: unknown): string {
    const known = this.constants.findIndex((constant) => Object.is(constant, value));
    return `k${known >= 0 ? known : this.constants.push(value) - 1}`;
  }

  /** Ends the row with an error when the condition holds. */
  failIf(condition: string, message: string): void {
    this.line(`if (${condition}) { fail(row, ${this.constant(message)}); continue; }`);
  }

  fieldIndex(name: string): number {
    const index = this.#fields.findIndex((field) => field.name === name);
    if (index < 0) throw new TypeError(`no column "${name}" to compile an expression over`);
    return index;
  }

  compile(expression: Expression): Operand {
    const key = expressionKey(expression);
    for (const scope of this.#scopes) {
      const known = scope.get(key);
      if (known !== undefined) return known;
    }
    const operand = this.#compileNew(expression);
    this.#scopes.at(-1)?.set(key, operand);
    return operand;
  }

  /** The expression's value brought to a type. */
  compileAs(expression: Expression, type: FieldType): Operand {
    return coerceOperand(this, this.compile(expression), type);
  }

  /** A null-in, null-out call; `compute` may emit statements and returns the value. */
  strict(call: CallExpression, compute: (args: readonly Operand[]) => string): Operand {
    const args = call.args.map((arg) => this.compile(arg));
    const nulls = [...new Set(args.flatMap((arg) => arg.isNull ?? []))];
    const value = this.name('v');
    if (nulls.length === 0) {
      this.line(`const ${value} = ${compute(args)};`);
      return { type: call.type, value, isNull: null };
    }
    const isNull = this.name('n');
    this.line(`const ${isNull} = ${nulls.join(' || ')};`);
    this.line(`let ${value} = ${zeroOf(call.type)};`);
    this.block(`if (!${isNull})`, () => this.line(`${value} = ${compute(args)};`));
    return { type: call.type, value, isNull };
  }

  /** Variables to assign on several paths; null until then. */
  target(type: FieldType): Target {
    const target = { type, value: this.name('v'), isNull: this.name('n') };
    if (representationOf(type) === 'bytes') {
      const { value } = target;
      this.line(`let ${value}d = noBytes, ${value}s = 0, ${value}e = 0, ${target.isNull} = true;`);
    } else {
      this.line(`let ${target.value} = ${zeroOf(type)}, ${target.isNull} = true;`);
    }
    return target;
  }

  /** Assigns an operand, brought to the target's type. */
  assign(target: Target, source: Operand): void {
    const operand = coerceOperand(this, source, target.type);
    if (operand.isNull === 'true') return;
    const { value } = target;
    this.line(`${target.isNull} = ${operand.isNull ?? 'false'};`);
    if (representationOf(target.type) === 'bytes') {
      this.line(
        `${value}d = ${operand.value}d; ${value}s = ${operand.value}s; ${value}e = ${operand.value}e;`,
      );
    } else {
      this.line(`${value} = ${operand.value};`);
    }
  }

  operandOf(target: Target): Operand {
    return { type: target.type, value: target.value, isNull: target.isNull };
  }

  #compileNew(expression: Expression): Operand {
    switch (expression.kind) {
      case 'column':
        return this.#column(expression);
      case 'literal':
        return this.#literal(expression);
      case 'call':
        return this.#calls[expression.fn](this, expression);
      case 'case':
        return this.#case(expression);
    }
  }

  #column(expression: ColumnExpression): Operand {
    const index = this.fieldIndex(expression.name);
    const field = this.#fields[index] as Field;
    this.usedColumns.add(index);
    const value = this.name('v');
    const isNull = field.nullable ? this.name('n') : null;
    if (isNull !== null) this.line(`const ${isNull} = c${index}n[row] === 1;`);
    switch (representationOf(field.type)) {
      case 'bytes':
        this.line(`const ${value}d = c${index}d;`);
        this.line(`const ${value}s = c${index}s[row], ${value}e = c${index}e[row];`);
        break;
      case 'bool':
        this.line(`const ${value} = c${index}v[row] === 1;`);
        break;
      default:
        this.line(`const ${value} = ${this.#readValue(field.type, index, isNull)};`);
    }
    return { type: field.type, value, isNull };
  }

  #readValue(type: FieldType, index: number, isNull: string | null): string {
    const value = `c${index}v[row]`;
    if (type.kind !== 'decimal' || type.precision <= 18) return value;
    const unscaled = `toUnscaled(${value}, ${type.scale})`;
    return isNull === null ? unscaled : `${isNull} ? 0n : ${unscaled}`;
  }

  #literal(expression: LiteralExpression): Operand {
    return literalOperand(this, expression.value, expression.type);
  }

  #case(expression: CaseExpression): Operand {
    const target = this.target(expression.type);
    const emitFrom = (position: number): void => {
      const branch = expression.branches[position];
      if (branch === undefined) {
        this.assign(target, this.compile(expression.otherwise));
        return;
      }
      const condition = isTrue(this.compile(branch.when));
      this.block(`if (${condition})`, () => this.assign(target, this.compile(branch.then)));
      this.block('else', () => emitFrom(position + 1));
    };
    emitFrom(0);
    return this.operandOf(target);
  }

  /** Like `strict`, for functions whose result is bytes: `compute` leaves it in `text`. */
  strictBytes(call: CallExpression, compute: (args: readonly Operand[]) => string): Operand {
    const args = call.args.map((arg) => this.compile(arg));
    const nulls = [...new Set(args.flatMap((arg) => arg.isNull ?? []))];
    const target = this.target(call.type);
    const { value } = target;
    this.block(nulls.length === 0 ? '' : `if (!(${nulls.join(' || ')}))`, () => {
      this.line(`${compute(args)};`);
      this.line(`${value}d = text.data; ${value}s = text.start; ${value}e = text.end;`);
      this.line(`${target.isNull} = false;`);
    });
    return { type: call.type, value, isNull: nulls.length === 0 ? null : target.isNull };
  }
}

/** A condition that holds when a boolean operand is true, not null. */
export function isTrue(operand: Operand): string {
  return operand.isNull === null ? operand.value : `!${operand.isNull} && ${operand.value}`;
}
