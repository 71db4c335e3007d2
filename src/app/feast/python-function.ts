// An on-demand view as the source of a Python function, which Feast's SDK runs when it reads from Redis
// itself. Rules for nulls and numbers are ours, so that both routes give the same; a function or a type
// whose rules Python's differ from is refused, and the view is then left to our server.
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { CallExpression, Expression } from '../../plan/expression.ts';
import type { FunctionName } from '../../plan/functions.ts';
import { inputsRead } from '../../plan/on-demand-inputs.ts';
import type { OnDemandViewNode } from '../../plan/plan.ts';

/** The name of the function in the source. */
export const pythonFunctionName = 'compute';

/** The source, or why there is none. */
export type PythonFunction = { readonly source: string } | { readonly refused: string };

const head = `import math


def _strict(f, *args):
    return None if any(a is None for a in args) else f(*args)


def _div(a, b):
    a, b = float(a), float(b)
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _mod(a, b):
    if b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return -(-a % abs(b)) if a < 0 else a % abs(b)
    return math.nan if math.isinf(a) else math.fmod(a, b)


def _whole(f, a):
    return a if isinstance(a, int) or not math.isfinite(a) else float(f(a))


def _round(a):
    whole = math.trunc(a)
    return whole + math.copysign(1, a) if abs(a - whole) >= 0.5 else whole


def _ln(a):
    return math.log(a) if a > 0 else -math.inf if a == 0 else math.nan


def _exp(a):
    try:
        return math.exp(a)
    except OverflowError:
        return math.inf


def _pow(a, b):
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


def _and(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def _or(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def _number(a):
    return None if a is None or not math.isfinite(a) else float(a)

`;

/** Arguments are `a`, `b`, `c`: none of them null. */
const strictBodies: Partial<Record<FunctionName, string>> = {
  plus: 'a + b',
  minus: 'a - b',
  times: 'a * b',
  div: '_div(a, b)',
  mod: '_mod(a, b)',
  neg: '-a',
  abs: 'abs(a)',
  floor: '_whole(math.floor, a)',
  ceil: '_whole(math.ceil, a)',
  round: '_whole(_round, a)',
  sqrt: 'math.sqrt(a) if a >= 0 else math.nan',
  ln: '_ln(a)',
  exp: '_exp(a)',
  pow: '_pow(float(a), float(b))',
  toFloat: 'float(a)',
  eq: 'a == b',
  ne: 'a != b',
  gt: 'a > b',
  gte: 'a >= b',
  lt: 'a < b',
  lte: 'a <= b',
  not: 'not a',
  length: 'len(a)',
  startsWith: 'a.startswith(b)',
  endsWith: 'a.endswith(b)',
  contains: 'b in a',
};

const variadic: Partial<Record<FunctionName, string>> = {
  least: 'lambda *a: min(a)',
  greatest: 'lambda *a: max(a)',
  concat: 'lambda *a: "".join(a)',
  in: 'lambda a, *b: a in b',
};

/** What has rules of its own for nulls. */
const ownRules: Partial<Record<FunctionName, (codes: readonly string[]) => string>> = {
  and: (codes) => `_and(${codes.join(', ')})`,
  or: (codes) => `_or(${codes.join(', ')})`,
  isNull: ([a]) => `(${a} is None)`,
  isNotNull: ([a]) => `(${a} is not None)`,
  coalesce: (codes) => `next((a for a in (${codes.join(', ')},) if a is not None), None)`,
};

const kinds: readonly FieldType['kind'][] = [
  ...(['bool', 'int32', 'int64', 'count', 'float32', 'float64', 'string', 'date'] as const),
];

class NotPython extends Error {}

export function pythonFunction(node: OnDemandViewNode): PythonFunction {
  const { request, stored } = inputsRead(node);
  const places = new Map(request.map(({ name }) => [name, name]));
  for (const { view, feature } of stored) places.set(`${view}.${feature}`, `${view}__${feature}`);
  try {
    const lines = node.features.map(({ name, type, value }) => {
      checkType(type);
      const code = new PythonWriter(places).write(value);
      const isFloat = type.kind === 'float64' || type.kind === 'float32';
      return `    ${JSON.stringify(name)}: lambda row: ${isFloat ? `_number(${code})` : code},`;
    });
    return { source: sourceOf(lines) };
  } catch (error) {
    if (error instanceof NotPython) return { refused: error.message };
    throw error;
  }
}

function sourceOf(lines: readonly string[]): string {
  return `${head}
_features = {
${lines.join('\n')}
}


def ${pythonFunctionName}(inputs):
    rows = len(next(iter(inputs.values())))
    result = {name: [] for name in _features}
    for i in range(rows):
        row = {name: values[i] for name, values in inputs.items()}
        for name, feature in _features.items():
            result[name].append(feature(row))
    return result
`;
}

function checkType({ kind }: FieldType): void {
  if (!kinds.includes(kind)) throw new NotPython(`it computes with a ${kind}`);
}

class PythonWriter {
  readonly #places: ReadonlyMap<string, string>;

  constructor(places: ReadonlyMap<string, string>) {
    this.#places = places;
  }

  write(expression: Expression): string {
    checkType(expression.type);
    switch (expression.kind) {
      case 'column':
        return this.#column(expression.name, expression.type);
      case 'literal':
        return literal(expression.value);
      case 'call':
        return this.#call(expression);
      case 'case': {
        const otherwise = this.write(expression.otherwise);
        return expression.branches.reduceRight(
          (rest, { when, then }) =>
            `(${this.write(then)} if ${this.write(when)} is True else ${rest})`,
          otherwise,
        );
      }
    }
  }

  #column(name: string, { kind }: FieldType): string {
    const place = `row[${JSON.stringify(this.#places.get(name) ?? name)}]`;
    const isFloat = kind === 'float64' || kind === 'float32';
    return isFloat ? `_strict(float, ${place})` : place;
  }

  #call({ fn, args }: CallExpression): string {
    const codes = args.map((arg) => this.write(arg));
    const own = ownRules[fn];
    if (own !== undefined) return own(codes);
    const several = variadic[fn];
    if (several !== undefined) return `_strict(${several}, ${codes.join(', ')})`;
    const body = strictBodies[fn];
    if (body === undefined) throw new NotPython(`${fn} has other rules in Python`);
    return `_strict(lambda ${['a', 'b'].slice(0, codes.length).join(', ')}: ${body}, ${codes.join(', ')})`;
  }
}

function literal(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'number') throw new NotPython('it has a literal that Python has not');
  if (Number.isNaN(value)) return 'math.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-math.inf' : 'math.inf';
  return Object.is(value, -0) ? '-0.0' : String(value);
}
