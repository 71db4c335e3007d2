// A staged row of an older view as a newer one stages it. What a new feature would have read of it is
// unknown: the row lacks the bit of that feature's filter, so that it does not count there.
import type { Value } from '../../../kernel/types/field-type.ts';
import type { StateWriter } from '../../state/bytes/state-writer.ts';
import { countsRows, isBoxedInput } from '../../state/windows/view-window.ts';
import type { StagedInput } from '../staging.ts';
import type { ViewParts } from '../view-parts.ts';
import type { FormerFeature } from './former-features.ts';

/** A row of the older view. */
export interface OldRow {
  readonly ts: number;
  readonly watermark: number;
  readonly arrivalMs: number;
  readonly offset: number;
  readonly isApplied: number;
  readonly order: number;
  readonly mask: number;
  /** Verdicts of the older view's windows; null when all took it. */
  readonly refusals: Uint8Array | null;
  /** Number in a staged column. */
  numberAt(column: number): number;
  /** Boxed inputs; null when the older view had none, or the row lies in a ring. */
  readonly inputs: readonly Value[] | null;
  readonly id: Value;
}

export interface RowTranslationOptions {
  readonly from: ViewParts;
  readonly to: ViewParts;
  readonly formers: readonly (FormerFeature | null)[];
  /** Windows of the newer view by their index in the older one; null for one that is new. */
  readonly windows: readonly (number | null)[];
}

const boxed: StagedInput = { input: isBoxedInput, filter: -1 };

export class RowTranslation {
  readonly #options: RowTranslationOptions;
  /** Per staged column, and per filter, of the newer view: a feature that goes on and uses it, or -1. */
  readonly #columnUsers: readonly number[];
  readonly #filterUsers: readonly number[];

  constructor(options: RowTranslationOptions) {
    this.#options = options;
    const { staging } = options.to;
    const userOf = (isUsed: (staged: StagedInput) => boolean): number =>
      options.formers.findIndex(
        (former, feature) => former !== null && isUsed(staging.inputsOf[feature] ?? boxed),
      );
    this.#columnUsers = staging.columns.map((_, i) => userOf(({ input }) => input === i));
    this.#filterUsers = staging.filters.map((_, bit) => userOf(({ filter }) => filter === bit));
  }

  /** Writes the row as the newer record store reads it. */
  write(row: OldRow, to: StateWriter): void {
    const { staging } = this.#options.to;
    for (const time of [row.ts, row.watermark, row.arrivalMs, row.offset]) to.f64(time);
    to.u8(row.isApplied);
    to.u32(this.#maskOf(row));
    to.varint(row.order);
    to.bytes(this.#refusalsOf(row));
    for (const [i, { codes }] of staging.columns.entries()) {
      if (codes === null) to.f64(this.#numberOf(row, this.#columnUsers[i] ?? -1));
      else this.#writeCode(row, this.#columnUsers[i] ?? -1, to);
    }
    if (!staging.isBoxed) return;
    to.value(row.id);
    to.value(this.#options.formers.map((_, feature) => this.inputOf(row, feature)));
  }

  /** What a feature of the newer view counts of the row; null for nothing. */
  inputOf(row: OldRow, feature: number): Value {
    const { formers, from } = this.#options;
    const former = formers[feature] ?? null;
    if (former === null) return null;
    const value = inputOfOld(row, former.index, from);
    return value === null || former.convert === null ? value : former.convert(value);
  }

  #maskOf(row: OldRow): number {
    let mask = 0;
    for (const [bit, feature] of this.#filterUsers.entries()) {
      const former = this.#options.formers[feature] ?? null;
      if (former !== null && passes(row, former.index, this.#options.from)) mask |= 1 << bit;
    }
    return mask >>> 0;
  }

  #numberOf(row: OldRow, feature: number): number {
    const former = this.#options.formers[feature] ?? null;
    if (former === null) return 0;
    const { from } = this.#options;
    const { input } = from.staging.inputsOf[former.index] ?? boxed;
    if (input >= 0 && former.convert === null) return row.numberAt(input);
    const value = this.inputOf(row, feature);
    return value === null ? 0 : Number(value);
  }

  #writeCode(row: OldRow, feature: number, to: StateWriter): void {
    const { from, formers } = this.#options;
    const former = formers[feature] ?? null;
    const { input } = from.staging.inputsOf[former?.index ?? -1] ?? boxed;
    const codes = from.staging.columns[input]?.codes ?? null;
    const code = codes === null ? -1 : row.numberAt(input);
    to.u8(code < 0 ? 0 : 1);
    if (code >= 0) codes?.write(code, to);
  }

  #refusalsOf({ refusals }: OldRow): Uint8Array {
    if (refusals === null) return new Uint8Array(0);
    return Uint8Array.from(this.#options.windows, (old) =>
      old === null ? 0 : (refusals[old] as number),
    );
  }
}

/** Whether the old feature counts the row. */
function passes(row: OldRow, feature: number, { staging }: ViewParts): boolean {
  const { input, filter } = staging.inputsOf[feature] ?? boxed;
  if (input === isBoxedInput) return (row.inputs?.[feature] ?? null) !== null;
  return filter < 0 || (row.mask & (1 << filter)) !== 0;
}

function inputOfOld(row: OldRow, feature: number, parts: ViewParts): Value {
  if (!passes(row, feature, parts)) return null;
  const { input } = parts.staging.inputsOf[feature] ?? boxed;
  if (row.inputs !== null) return row.inputs[feature] ?? null;
  if (input === countsRows) return true;
  const number = row.numberAt(input);
  const kind = parts.layout.inputs[feature]?.type?.kind;
  return kind === 'int64' ? BigInt(Math.trunc(number)) : number;
}
