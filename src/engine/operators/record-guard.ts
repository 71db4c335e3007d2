// Applies a record to the windows of aggregates that users wrote, and takes it back where one of their
// functions fails: then those windows are what they were, byte for byte, and the record is applied
// nowhere else. A record is to blame for what fails with it and does not fail without it. Views without
// such aggregates have no guard and pay nothing.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { codeOf, type UserAggregateNode } from '../../plan/user-aggregate.ts';
import type { Accumulator } from '../state/accumulators/accumulator.ts';
import { userAccumulator } from '../state/accumulators/user.ts';
import { StateReader } from '../state/bytes/state-reader.ts';
import { StateWriter } from '../state/bytes/state-writer.ts';
import type { ViewWindow } from '../state/windows/view-window.ts';
import type { RefusedRecord } from './vector-builder.ts';
import type { ViewParts } from './view-parts.ts';

/** A record on its way into the windows. */
export interface GuardedRecord {
  readonly slot: number;
  readonly row: number;
  /** Sessions take it in before it is applied; null: they have already. */
  readonly watermark: number | null;
  /** The instant of the row that it gives; null when it gives none by itself. */
  readonly tau: number | null;
}

interface Probe {
  readonly feature: number;
  readonly accumulator: Accumulator;
}

export class RecordGuard {
  readonly #parts: ViewParts;
  /** Windows that a record is tried on, and those that get it afterwards. */
  readonly #windows: readonly ViewWindow[];
  readonly rowsWindows: readonly ViewWindow[];
  readonly otherWindows: readonly ViewWindow[];
  readonly #before = new StateWriter(256);
  readonly #probes: readonly Probe[];

  private constructor(parts: ViewParts, windows: readonly ViewWindow[]) {
    this.#parts = parts;
    this.#windows = windows;
    const { builder, layout } = parts;
    this.#probes = layout.view.features.flatMap(({ aggregate: { user } }, feature) => {
      if (user === undefined) return [];
      const accumulator = userAccumulator(user, (failure) => builder.refuse(feature, failure));
      return [{ feature, accumulator: accumulator as Accumulator }];
    });
    this.rowsWindows = parts.rowsWindows.filter((window) => !windows.includes(window));
    this.otherWindows = parts.otherWindows.filter((window) => !windows.includes(window));
  }

  /** Null for views without aggregates that users wrote. Of others, sessions are guarded, whatever they hold. */
  static of(parts: ViewParts): RecordGuard | null {
    const { view } = parts.layout;
    const isUsers = ({ form }: ViewWindow): boolean =>
      form.features.some(({ index }) => view.features[index]?.aggregate.user !== undefined);
    if (!parts.windows.some(isUsers)) return null;
    for (const { aggregate, name } of view.features) requireCode(name, aggregate.user);
    const isGuarded = (window: ViewWindow): boolean =>
      isUsers(window) || window.form.kind === 'sessions';
    return new RecordGuard(parts, parts.windows.filter(isGuarded));
  }

  isGuarded(window: ViewWindow): boolean {
    return this.#windows.includes(window);
  }

  /**
   * Tries the record on states of no records, while its bytes are at hand: for records that wait. By the
   * law of merge what refuses it there would refuse it later.
   */
  probe(row: number): RefusedRecord | null {
    const { builder, store } = this.#parts;
    const record = store.records[row];
    builder.refused = null;
    for (const { feature, accumulator } of this.#probes) {
      const value = record?.inputs[feature] ?? null;
      if (record !== undefined && value !== null) {
        accumulator.add(accumulator.create(), value, record);
      }
    }
    return builder.refused;
  }

  /** Null when the guarded windows have taken the record; else they are as they were before. */
  take(record: GuardedRecord): RefusedRecord | null {
    const before = this.#imageOf(record.slot);
    const refused = this.#apply(record) ?? this.#blame(record, before);
    if (refused !== null) this.#restore(record.slot, before);
    return refused;
  }

  /**
   * Those of several records of one instant that would be taken, one after the other; the windows are
   * as they were before.
   */
  passing(
    slot: number,
    rows: readonly number[],
    tau: number,
    refuse: (row: number, refused: RefusedRecord) => void,
  ): readonly number[] {
    const before = this.#imageOf(slot).slice();
    const passed = rows.filter((row) => {
      const refused = this.take({ slot, row, tau, watermark: null });
      if (refused !== null) refuse(row, refused);
      return refused === null;
    });
    this.#restore(slot, before);
    return passed;
  }

  /** Adds the record; the feature that does not take it. */
  #apply({ slot, row, watermark }: GuardedRecord): RefusedRecord | null {
    const { builder, store } = this.#parts;
    const refusals = store.refusalsOf(row);
    builder.refused = null;
    for (const window of this.#windows) {
      if (refusals !== null && window.windows.every((index) => refusals[index] !== 0)) continue;
      if (watermark !== null) window.accept(slot, store.ts[row] as number, watermark);
      window.add(slot, row);
    }
    return builder.refused;
  }

  /** The feature that has no value with the record and has one without it. */
  #blame(record: GuardedRecord, before: Uint8Array): RefusedRecord | null {
    const { slot, tau } = record;
    if (tau === null) return null;
    const failed = this.#failuresAt(slot, tau);
    if (failed.length === 0) return null;
    this.#restore(slot, before);
    const known = this.#failuresAt(slot, tau).map(({ feature }) => feature);
    this.#restore(slot, before);
    const own = failed.find(({ feature }) => !known.includes(feature));
    if (own === undefined) this.#apply(record);
    return own ?? null;
  }

  /** Evaluates the guarded windows for the row being made; the true row is put over it. */
  #failuresAt(slot: number, tau: number): readonly RefusedRecord[] {
    const { builder } = this.#parts;
    builder.failed.clear();
    for (const window of this.#windows) window.evaluate(slot, tau, false, false);
    const failures = [...builder.failed].map(([feature, failure]) => ({ feature, failure }));
    builder.failed.clear();
    return failures;
  }

  /** Valid until the next image. */
  #imageOf(slot: number): Uint8Array {
    const writer = this.#before;
    writer.reset();
    for (const window of this.#windows) window.writeKey(slot, writer);
    return writer.data.subarray(0, writer.length);
  }

  #restore(slot: number, image: Uint8Array): void {
    const reader = new StateReader(image);
    for (const window of this.#windows) {
      window.clear(slot);
      window.readKey(slot, reader);
    }
  }
}

function requireCode(feature: string, user: UserAggregateNode | undefined): void {
  if (user === undefined || codeOf(user) !== null) return;
  const message = `feature "${feature}": the functions of aggregate "${user.name}" are not here`;
  throw new MillraceError('MR_DEFINITION_AGGREGATE', message, {
    fix: 'build the plan from the definitions, which have them, instead of reading it from JSON',
  });
}
