// Options of a table, read one by one. What nobody read is refused at its place, with the nearest name:
// an option that is passed over in silence is a surprise later.
import { suggestName } from '../../kernel/nearest-name.ts';
import { nameProblem, refusal, typeProblem } from '../../sql/syntax/sql-error.ts';
import type { SqlTable } from '../../sql/bind/sql-table.ts';

/** Options that change nothing here. */
const passedOver =
  /^(scan\.watermark\.|scan\.parallelism|sink\.parallelism|sink\.buffer-flush\.|sink\.rolling-policy\.|sink\.partition-commit\.|sink\.transactional-id-prefix|sink\.partitioner|auto-compaction|source\.monitor-interval|changelog-mode|[a-z.-]*ignore-parse-errors|[a-z.-]*fail-on-missing-field|[a-z.-]*timestamp-format\.standard|[a-z.-]*map-null-key\.|[a-z.-]*encode\.|key\.fields)/;

export class TableOptions {
  readonly table: SqlTable;
  readonly #read = new Set<string>();

  constructor(table: SqlTable) {
    this.table = table;
  }

  get(name: string): string | undefined {
    this.#read.add(name);
    return this.table.options.get(name)?.value;
  }

  need(name: string): string {
    const value = this.get(name);
    if (value !== undefined) return value;
    const fix = `add '${name}' = '…' to its WITH (…)`;
    throw typeProblem(this.table.at, `table ${this.table.name} has no option '${name}'`, fix);
  }

  /** The place of an option; of the table where it is not there. */
  at(name: string): number {
    return this.table.options.get(name)?.at ?? this.table.at;
  }

  /** Options whose name begins so, without that. */
  startingWith(prefix: string): Readonly<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const [name, { value }] of this.table.options) {
      if (!name.startsWith(prefix)) continue;
      this.#read.add(name);
      found[name.slice(prefix.length)] = value;
    }
    return found;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback?: T): T {
    const value = this.get(name) ?? fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const what = value === undefined ? `there is no '${name}'` : `'${name}' is '${value}'`;
    throw refusal(this.at(name), `${what}, which is not read here`, `use ${allowed.join(', ')}`);
  }

  /** Refuses what nobody asked for. */
  finish(): void {
    for (const [name, { at }] of this.table.options) {
      if (this.#read.has(name) || passedOver.test(name)) continue;
      throw nameProblem(at, `'${name}' is no option here`, suggestName(name, [...this.#read]));
    }
  }
}
