// Runs an edit on one record's JSON value. The value given is never changed: every step makes the
// objects on its path anew. What an edit cannot do to a value is an error that names the field.
import type { EditNode } from './edit-language.ts';
import { exactJsonText, parseExactJson } from './exact-json.ts';

type Steps = readonly (string | number)[];

/** Throws Error with what could not be done. */
export function applyEdit(node: EditNode, input: unknown): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'path':
      return valueAt(input, node.steps);
    case 'call':
      return call(node.name, input);
    case 'pipe':
      return applyEdit(node.then, applyEdit(node.first, input));
    case 'delete':
      return changed(input, node.steps, () => undefined);
    case 'binary':
      return binary(node, input);
    case 'assign':
      return assign(node, input);
  }
}

function assign(node: EditNode & { kind: 'assign' }, input: unknown): unknown {
  return changed(input, node.steps, (old) => {
    if (node.operator === '|=') return applyEdit(node.value, old);
    if (node.operator === '//=' && old !== null && old !== undefined && old !== false) return old;
    return applyEdit(node.value, input) ?? null;
  });
}

function binary({ operator, left, right }: EditNode & { kind: 'binary' }, input: unknown): unknown {
  const a = applyEdit(left, input);
  if (operator === '//') {
    return a === null || a === undefined || a === false ? applyEdit(right, input) : a;
  }
  const b = applyEdit(right, input);
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') return a + b;
  if (typeof a === 'bigint' || typeof b === 'bigint') return exactly(operator, a, b);
  if (typeof a === 'number' && typeof b === 'number') return compute(operator, a, b);
  throw new Error(`${shown(a)} ${operator} ${shown(b)} is not a sum of numbers or texts`);
}

function compute(operator: string, a: number, b: number): number {
  const result =
    operator === '+'
      ? a + b
      : operator === '-'
        ? a - b
        : operator === '*'
          ? a * b
          : operator === '/'
            ? a / b
            : a % b;
  if (Number.isFinite(result)) return result;
  throw new Error(`${a} ${operator} ${b} is no number`);
}

/** Whole numbers beyond 2^53 are never rounded. */
function exactly(operator: string, a: unknown, b: unknown): bigint {
  if (!isWhole(a) || !isWhole(b))
    throw new Error(`${shown(a)} ${operator} ${shown(b)} would be rounded`);
  const [left, right] = [BigInt(a), BigInt(b)];
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  if (right === 0n || left % right !== 0n)
    throw new Error(`${left} ${operator} ${right} is not whole`);
  return left / right;
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

const ofNumbers: Readonly<Record<string, (value: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  trunc: Math.trunc,
  abs: Math.abs,
};

const ofTexts: Readonly<Record<string, (value: string) => unknown>> = {
  trim: (value) => value.trim(),
  ascii_downcase: (value) => value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  ascii_upcase: (value) => value.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  fromjson: (value) => parseExactJson(value),
};

function call(name: string, value: unknown): unknown {
  const ofNumber = ofNumbers[name];
  if (ofNumber !== undefined) {
    if (typeof value === 'bigint' && name !== 'abs') return value;
    if (typeof value === 'number') return ofNumber(value);
    throw new Error(`${name} takes a number, not ${shown(value)}`);
  }
  const ofText = ofTexts[name];
  if (ofText !== undefined) {
    if (typeof value === 'string') return ofText(value);
    throw new Error(`${name} takes a text, not ${shown(value)}`);
  }
  if (name === 'tojson') return exactJsonText(value);
  if (name === 'tostring') return typeof value === 'string' ? value : exactJsonText(value);
  return name === 'length' ? lengthOf(value) : toNumber(value);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new Error(`length takes a text, list or object, not ${shown(value)}`);
}

function toNumber(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  const text = typeof value === 'string' ? value.trim() : '';
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return parseExactJson(text);
  throw new Error(`tonumber takes a number or its text, not ${shown(value)}`);
}

function valueAt(value: unknown, steps: Steps): unknown {
  let at = value;
  for (const step of steps) {
    if (at === null || at === undefined) return null;
    at = fieldOf(at, step);
  }
  return at ?? null;
}

function fieldOf(value: unknown, step: string | number): unknown {
  if (Array.isArray(value) && typeof step === 'number') return value.at(step);
  if (isObject(value) && typeof step === 'string') {
    return Object.hasOwn(value, step) ? value[step] : null;
  }
  throw new Error(
    `${shown(value)} has no ${typeof step === 'string' ? `field "${step}"` : `item ${step}`}`,
  );
}

/** The value with another one at a path; undefined removes it. */
function changed(value: unknown, steps: Steps, change: (old: unknown) => unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return change(value);
  const inner = (old: unknown): unknown => changed(old, rest, change);
  if (Array.isArray(value) && typeof step === 'number') {
    return value.flatMap((item: unknown, i) => {
      if (i !== (step < 0 ? value.length + step : step)) return [item];
      const next = inner(item);
      return next === undefined ? [] : [next];
    });
  }
  if (typeof step !== 'string' || !(value === null || value === undefined || isObject(value))) {
    throw new Error(
      `${shown(value)} has no ${typeof step === 'string' ? `field "${step}"` : `item ${step}`}`,
    );
  }
  const object = value ?? {};
  const next = inner(Object.hasOwn(object, step) ? object[step] : null);
  if (next !== undefined) return { ...object, [step]: next };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== step));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = exactJsonText(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
