// Pairs of Avro schemas from a seed: a record of everything that Avro has, and the same after a few
// changes, some harmless and some not. A few have defaults that do not fit.
import type { Random } from '../../src/kernel/random.ts';

export interface SchemaPair {
  readonly before: object;
  readonly after: object;
}

type Json = Record<string, unknown>;

/** A pair: the second is the first after one to three changes. */
export function schemaPair(random: Random): SchemaPair {
  const names = { next: 0 };
  const maker = new Maker(random, names);
  const before = maker.record(0, 'Root');
  const after = structuredClone(before);
  const changes = 1 + maker.below(3);
  for (let i = 0; i < changes; i++) maker.change(after);
  return { before, after };
}

const scalars = ['boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'];

class Maker {
  readonly #random: Random;
  readonly #names: { next: number };

  constructor(random: Random, names: { next: number }) {
    this.#random = random;
    this.#names = names;
  }

  below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  record(depth: number, name = `R${this.#names.next++}`): Json {
    const fields = Array.from({ length: 1 + this.below(4) }, () => this.#field(depth));
    const space = this.below(4) === 0 ? { namespace: 'shop.events' } : {};
    return { type: 'record', name, ...space, fields };
  }

  #field(depth: number): Json {
    const name = `f${this.#names.next++}`;
    const type = this.#type(depth);
    if (this.below(2) === 0) return { name, type };
    const value = this.#default(type);
    return value === undefined ? { name, type } : { name, type, default: value };
  }

  #type(depth: number): unknown {
    const kind = this.below(depth > 2 ? 6 : 10);
    if (kind < 4) return this.#pick(scalars);
    if (kind === 4) return this.#enum();
    if (kind === 5)
      return { type: 'fixed', name: `X${this.#names.next++}`, size: this.below(4) + 1 };
    if (kind === 6) return { type: 'array', items: this.#type(depth + 1) };
    if (kind === 7) return { type: 'map', values: this.#type(depth + 1) };
    if (kind === 8) return this.record(depth + 1);
    return this.#union(depth);
  }

  #enum(): Json {
    const symbols = ['A', 'B', 'C', 'D'].slice(0, 2 + this.below(3));
    const own = this.below(3) === 0 ? { default: 'A' } : {};
    return { type: 'enum', name: `E${this.#names.next++}`, symbols, ...own };
  }

  #union(depth: number): unknown {
    const first = this.#pick(scalars);
    const others = this.below(2) === 0 ? ['null', first] : [first, 'null'];
    if (this.below(3) > 0) return others;
    return [...others, this.below(2) === 0 ? this.#enum() : this.record(depth + 1)];
  }

  /** A default that fits, of the types that have simple ones. */
  #default(type: unknown): unknown {
    if (Array.isArray(type)) return type[0] === 'null' ? null : this.#default(type[0]);
    if (typeof type === 'object' && type !== null) {
      const { type: kind, symbols } = type as { type: string; symbols?: string[] };
      if (kind === 'enum') return symbols?.[0];
      if (kind === 'array') return [];
      return kind === 'map' ? {} : undefined;
    }
    const values: Json = { boolean: false, int: 1, long: 2, float: 0.5, double: 1.5 };
    return values[type as string] ?? '';
  }

  /** One change somewhere in the record. */
  change(record: Json): void {
    const records = recordsIn(record);
    const target = this.#pick(records);
    const fields = target['fields'] as Json[];
    const field = this.#pick(fields);
    switch (this.below(12)) {
      case 0:
        fields.push(this.#field(2));
        return;
      case 1:
        if (fields.length > 1) fields.splice(fields.indexOf(field), 1);
        return;
      case 2:
        field['type'] = this.#type(2);
        delete field['default'];
        return;
      case 3:
        this.#rename(field);
        return;
      case 4:
        fields.reverse();
        return;
      case 5:
        delete field['default'];
        return;
      case 6:
        this.#widen(field);
        return;
      case 7:
        this.#makeNullable(field);
        return;
      case 8:
        this.#changeNamed(record);
        return;
      case 9:
        if (this.below(2) === 0) target['aliases'] = [target['name']];
        target['name'] = `R${this.#names.next++}`;
        return;
      case 10:
        target['namespace'] = 'other';
        return;
      default:
        if (this.below(4) === 0) field['default'] = { not: 'a default' };
        else field['doc'] = 'changed';
    }
  }

  #rename(field: Json): void {
    if (this.below(2) === 0) field['aliases'] = [field['name']];
    field['name'] = `f${this.#names.next++}`;
  }

  #widen(field: Json): void {
    const wider: Json = {
      int: ['long', 'float', 'double'][this.below(3)],
      long: ['int', 'double'][this.below(2)],
      float: ['double', 'int'][this.below(2)],
      double: 'float',
      string: 'bytes',
      bytes: 'string',
    };
    const { type } = field;
    if (typeof type !== 'string' || wider[type] === undefined) return;
    field['type'] = wider[type];
    if ('default' in field) field['default'] = this.#default(field['type']);
  }

  #makeNullable(field: Json): void {
    const { type } = field;
    if (Array.isArray(type)) {
      field['type'] = type.length > 1 ? type.slice(0, -1) : type;
      return;
    }
    field['type'] = ['null', type];
    if (this.below(2) === 0) field['default'] = null;
    else delete field['default'];
  }

  /** Symbols, sizes and names of enums and fixed. */
  #changeNamed(record: Json): void {
    const named = namedIn(record);
    if (named.length === 0) return;
    const target = this.#pick(named);
    if (this.below(3) === 0) target['name'] = `N${this.#names.next++}`;
    else if (target['type'] === 'fixed') target['size'] = this.below(4) + 1;
    else {
      const symbols = target['symbols'] as string[];
      if (this.below(2) === 0) symbols.push(`S${this.#names.next++}`);
      else if (symbols.length > 1 && target['default'] === undefined) symbols.pop();
    }
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

function recordsIn(record: Json): Json[] {
  return objectsIn(record).filter(({ type }) => type === 'record');
}

function namedIn(record: Json): Json[] {
  return objectsIn(record).filter(({ type }) => type === 'enum' || type === 'fixed');
}

function objectsIn(json: unknown): Json[] {
  if (typeof json !== 'object' || json === null) return [];
  const inside = Object.values(json).flatMap(objectsIn);
  return Array.isArray(json) ? inside : [json as Json, ...inside];
}
