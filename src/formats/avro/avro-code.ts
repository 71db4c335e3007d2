// Writes the reader of one schema into one row type as JavaScript: a loop over messages, and in it
// the fields in the order in which they are written. Numbers and text go straight into columns;
// the rest is read by functions of `env.store`. Names from schemas never enter the code.
import type { Field } from '../../kernel/types/field-type.ts';
import type { AvroSchema, RecordSchema } from './avro-schema.ts';

/** What the generated code asks of its surroundings, by index of what it is asked for. */
export interface CodePlan {
  readonly code: string;
  /** Values read by functions: written schema and index of the field. */
  readonly stores: readonly { readonly schema: AvroSchema; readonly field: number }[];
  /** Values passed over by functions. */
  readonly skips: readonly AvroSchema[];
  /** Branches of unions that a field refuses. */
  readonly refusals: readonly { readonly schema: AvroSchema; readonly field: number }[];
}

export interface CodeOptions {
  readonly timestamp: 'ms' | 's' | 'us';
  readonly prefix: Uint8Array;
  /** Whether a written type can fill a field's. */
  canRead(schema: AvroSchema, field: Field): boolean;
}

/** The code of a reader: the body of a function of `env` that returns `(target, first) => next`. */
export function planCode(
  record: RecordSchema,
  fields: readonly Field[],
  options: CodeOptions,
): CodePlan {
  const emitter = new Emitter(fields, options);
  const body = record.fields.map(({ name, schema }) => {
    const field = fields.findIndex((candidate) => candidate.name === name);
    return field < 0 ? emitter.skip(schema) : emitter.read(schema, field);
  });
  const written = new Set(record.fields.map(({ name }) => name));
  const missing = fields.flatMap(({ name }, i) => (written.has(name) ? [] : [`fill[${i}](row);`]));
  const code = `'use strict';
const { longAt, lengthAt, words, toNumber, toInt, toMs, store, skip, refuse, fill } = env;
const { cursor, truncated, notFinite, outside, invalid, badText, badIndex } = env;
return function readMessages(target, first) {
  const bytes = target.bytes, bounds = target.bounds, count = target.messageCount;
  const positions = target.positions, offsets = target.offsets, view = cursor.view;
  ${fields.map(columnLocals).join('\n  ')}
  let row = target.rowCount, p = 0, x = 0, e = 0, i = first;
  for (; i < count; i++) {
    const start = bounds[2 * i], limit = bounds[2 * i + 1];
    if (start < 0${prefixTest(options.prefix)}) break;
    p = start + ${options.prefix.length};
    try {
      ${body.join('\n      ')}
      if (p !== limit) throw p > limit ? truncated() : env.trailing();
      ${missing.join('\n      ')}
      offsets[row++] = positions[i];
    } catch (error) {
      target.fail(i, env.problem(error));
    }
  }
  target.rowCount = row;
  return i;
};`;
  return { code, stores: emitter.stores, skips: emitter.skips, refusals: emitter.refusals };
}

function prefixTest(prefix: Uint8Array): string {
  if (prefix.length === 0) return '';
  const bytes = [...prefix].map((byte, i) => ` || bytes[start + ${i}] !== ${byte}`);
  return ` || limit - start < ${prefix.length}${bytes.join('')}`;
}

function columnLocals(field: Field, i: number): string {
  const nulls = `n${i} = target.builders[${i}].nulls`;
  switch (field.type.kind) {
    case 'string':
    case 'bytes':
      return `const ${nulls}, s${i} = target.builders[${i}].starts, e${i} = target.builders[${i}].ends;`;
    case 'int64':
      return `const ${nulls}, v${i} = target.builders[${i}].words;`;
    case 'int32':
    case 'date':
    case 'count':
    case 'float32':
    case 'float64':
    case 'timestamp':
    case 'bool':
      return `const ${nulls}, v${i} = target.builders[${i}].values;`;
    default:
      return `const ${nulls};`;
  }
}

class Emitter {
  readonly stores: { schema: AvroSchema; field: number }[] = [];
  readonly skips: AvroSchema[] = [];
  readonly refusals: { schema: AvroSchema; field: number }[] = [];
  readonly #fields: readonly Field[];
  readonly #options: CodeOptions;

  constructor(fields: readonly Field[], options: CodeOptions) {
    this.#fields = fields;
    this.#options = options;
  }

  skip(schema: AvroSchema): string {
    switch (schema.kind) {
      case 'null':
        return '';
      case 'boolean':
        return 'p++;';
      case 'int':
      case 'long':
        return 'p = longAt(bytes, p);';
      case 'float':
        return 'p += 4;';
      case 'double':
        return 'p += 8;';
      case 'string':
      case 'bytes':
        return 'p = lengthAt(bytes, p, limit) + words[0];';
      case 'union':
        return this.#union(schema.branches, (branch) => this.skip(branch));
      default: {
        const index = this.skips.push(schema) - 1;
        return throughCursor(`skip[${index}](cursor);`);
      }
    }
  }

  read(schema: AvroSchema, i: number): string {
    const field = this.#fields[i] as Field;
    if (schema.kind === 'union') {
      return this.#union(schema.branches, (branch) => this.read(branch, i));
    }
    if (schema.kind === 'null' && field.nullable) return `n${i}[row] = 1;${emptyText(field, i)}`;
    if (!this.#options.canRead(schema, field)) {
      const index = this.refusals.push({ schema, field: i }) - 1;
      return `refuse[${index}]();`;
    }
    const store = this.#store(schema, field, i);
    return field.nullable ? `${store} n${i}[row] = 0;` : store;
  }

  #store(schema: AvroSchema, field: Field, i: number): string {
    switch (schema.kind) {
      case 'boolean':
        return `x = bytes[p++]; if (!(x <= 1)) badIndex(x); v${i}[row] = x;`;
      case 'int':
      case 'long': {
        const check = schema.kind === 'int' ? ' toInt();' : '';
        const { logical } = schema;
        const unit = logical?.kind === 'timestamp' ? logical.unit : this.#options.timestamp;
        return `p = longAt(bytes, p);${check} ${integerStore(field, i, unit)}`;
      }
      case 'float':
        return `${floating(4, 'getFloat32', i)} v${i}[row] = x;`;
      case 'double':
        return `${floating(8, 'getFloat64', i)} v${i}[row] = x;`;
      case 'string':
      case 'bytes':
        if (field.type.kind === 'string') return textStore(i);
        if (field.type.kind === 'bytes') return rangeStore(i);
        return this.#slowStore(schema, i);
      default:
        return this.#slowStore(schema, i);
    }
  }

  #slowStore(schema: AvroSchema, field: number): string {
    const index = this.stores.push({ schema, field }) - 1;
    return throughCursor(`store[${index}](cursor, row);`);
  }

  #union(branches: readonly AvroSchema[], emit: (branch: AvroSchema) => string): string {
    const cases = branches.map((branch, i) => `case ${2 * i}: ${emit(branch)} break;`);
    // An index below 64 is one byte, twice its value; more branches are read as an integer first.
    const index =
      branches.length <= 64
        ? 'x = bytes[p++];'
        : 'p = longAt(bytes, p); x = 2 * words[0]; if (words[1] !== 0) badIndex(x);';
    return `${index} switch (x) { ${cases.join(' ')} default: badIndex(x); }`;
  }
}

function throughCursor(call: string): string {
  return `if (p > limit) throw truncated(); cursor.p = p; cursor.limit = limit; ${call} p = cursor.p;`;
}

function emptyText(field: Field, i: number): string {
  const isRange = field.type.kind === 'string' || field.type.kind === 'bytes';
  return isRange ? ` s${i}[row] = 0; e${i}[row] = 0;` : '';
}

function integerStore(field: Field, i: number, unit: string): string {
  switch (field.type.kind) {
    case 'int64':
      return `v${i}[2 * row] = words[0]; v${i}[2 * row + 1] = words[1];`;
    case 'int32':
    case 'date':
      return `v${i}[row] = words[0];`;
    case 'count':
      return `x = toNumber(); if (Math.abs(x) > 9007199254740991) outside(${i}, x); v${i}[row] = x;`;
    case 'timestamp':
      return `x = toMs('${unit}'); if (!(Math.abs(x) <= 8.64e15)) outside(${i}, x); v${i}[row] = x;`;
    case 'float32':
      return `v${i}[row] = Math.fround(toNumber());`;
    default:
      return `v${i}[row] = toNumber();`;
  }
}

function floating(size: number, get: string, i: number): string {
  return `if (p + ${size} > limit) throw truncated(); x = view.${get}(p, true); p += ${size}; if (x - x !== 0) notFinite(${i}, x);`;
}

function rangeStore(i: number): string {
  return `s${i}[row] = p = lengthAt(bytes, p, limit); e${i}[row] = p = p + words[0];`;
}

function textStore(i: number): string {
  return `x = p = lengthAt(bytes, p, limit); e = p + words[0]; while (p < e && bytes[p] < 128) p++; if (p < e && invalid(bytes, p, e) >= 0) badText(); s${i}[row] = x; e${i}[row] = p = e;`;
}
