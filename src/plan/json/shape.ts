// Shapes of JSON: what a value must look like, as data. A check says the first thing that does not
// fit, with its path, or nothing. It knows nothing of meaning: that is what `validatePlan` is for.

/** The first misfit as a sentence that begins with its path; null when the value fits. */
export type Shape = (value: unknown, path: string) => string | null;

type Fields = Readonly<Record<string, Shape>>;

function simple(expected: string, fits: (value: unknown) => boolean): Shape {
  return (value, path) => (fits(value) ? null : `${path} must be ${expected}, not ${show(value)}`);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? typeof value);
}

export const text: Shape = simple('text', (value) => typeof value === 'string');
export const flag: Shape = simple('true or false', (value) => typeof value === 'boolean');
export const number: Shape = simple('a number', (value) => typeof value === 'number');
export const milliseconds: Shape = simple('a whole number of milliseconds', (value) =>
  Number.isSafeInteger(value),
);
/** A literal or a default: any value that a plan can hold; its type is checked elsewhere. */
export const anyValue: Shape = simple('a value', (value) => value !== undefined);

export function oneOf(...values: readonly unknown[]): Shape {
  const expected = values.map((value) => JSON.stringify(value)).join(' or ');
  return simple(expected, (value) => values.includes(value));
}

export function nullable(shape: Shape): Shape {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function listOf(shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} must be a list, not ${show(value)}`;
    for (const [i, item] of value.entries()) {
      const misfit = shape(item, `${path}[${i}]`);
      if (misfit !== null) return misfit;
    }
    return null;
  };
}

/** An object with exactly these fields; those of `optional` may be missing. */
export function objectOf(fields: Fields, optional: Fields = {}): Shape {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return `${path} must be an object, not ${show(value)}`;
    }
    const given = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(fields, name) && !Object.hasOwn(optional, name)) {
        return `${path}.${name} is not known here`;
      }
    }
    for (const [name, shape] of Object.entries({ ...fields, ...optional })) {
      if (given[name] === undefined && Object.hasOwn(optional, name)) continue;
      const misfit = shape(given[name], path === '' ? name : `${path}.${name}`);
      if (misfit !== null) return misfit;
    }
    return null;
  };
}

/** An object whose `kind` says which fields it has. The shapes may refer to this one. */
export function taggedUnion(variants: () => Readonly<Record<string, Fields>>): Shape {
  return (value, path) => {
    const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind;
    const known = variants();
    const fields = typeof kind === 'string' && Object.hasOwn(known, kind) ? known[kind] : undefined;
    if (fields === undefined) {
      return `${path}.kind must be one of ${Object.keys(known).join(', ')}, not ${show(kind)}`;
    }
    return objectOf({ kind: text, ...fields })(value, path);
  };
}
