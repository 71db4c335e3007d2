// Whether a default in a schema fits its type, as Avro's Java implementation of 1.12 judges it: the
// default of a union may be of any of its branches, and any text is one of an enum.
import type { AvroSchema } from './avro-schema.ts';

/** Why the JSON value is no default of the schema, or null when it is one. */
export function checkDefault(schema: AvroSchema, json: unknown): string | null {
  switch (schema.kind) {
    case 'null':
      return json === null ? null : 'it must be null';
    case 'boolean':
      return typeof json === 'boolean' ? null : 'it must be true or false';
    case 'int':
      return isWholeWithin(json, 2 ** 31) ? null : 'it must be a whole number of 32 bits';
    case 'long':
      return isWholeWithin(json, 2 ** 63) ? null : 'it must be a whole number of 64 bits';
    case 'float':
    case 'double':
      return typeof json === 'number' ? null : 'it must be a number';
    case 'string':
    case 'bytes':
    case 'fixed':
    case 'enum':
      return typeof json === 'string' ? null : 'it must be text';
    case 'array':
      if (!Array.isArray(json)) return 'it must be a list';
      return firstProblem(json.map((item: unknown) => checkDefault(schema.items, item)));
    case 'map':
      if (!isObject(json)) return 'it must be an object';
      return firstProblem(Object.values(json).map((item) => checkDefault(schema.values, item)));
    case 'record':
      if (!isObject(json)) return 'it must be an object';
      return firstProblem(
        schema.fields.map((field) => {
          const given = Object.hasOwn(json, field.name) ? json[field.name] : field.defaultValue;
          if (given === undefined) return `it lacks "${field.name}"`;
          return checkDefault(field.schema, given);
        }),
      );
    case 'union':
      return schema.branches.some((branch) => checkDefault(branch, json) === null)
        ? null
        : 'it fits no branch';
  }
}

function firstProblem(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

function isWholeWithin(json: unknown, limit: number): boolean {
  return typeof json === 'number' && Number.isInteger(json) && json >= -limit && json < limit;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
