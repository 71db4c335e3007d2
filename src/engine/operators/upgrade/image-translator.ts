// Images and heads of an older view as a newer view reads them. What both views have is taken over
// bit for bit where it is numbers in the same form; running values of exact rolling windows are made
// anew from their rows. A view is described by two sets of parts that no operator runs on.
import type { Plan, ViewNode } from '../../../plan/plan.ts';
import { StateReader } from '../../state/bytes/state-reader.ts';
import { StateWriter } from '../../state/bytes/state-writer.ts';
import type { ImageTranslation } from '../../state/residence.ts';
import { NumberTranslation } from '../../state/cells/number-translation.ts';
import { RollingGroup } from '../../state/windows/rolling-group.ts';
import { RecordBuffer } from '../../state/windows/rolling-window.ts';
import { SlotRingWindow } from '../../state/windows/slot-ring-window.ts';
import { CellWindow } from '../../state/windows/view-window.ts';
import { cellTranslation } from './cell-translation.ts';
import { type DetachedView, detachedView } from './detached-view.ts';
import { type FormerFeature, formerFeatures } from './former-features.ts';
import { GroupTranslation } from './group-translation.ts';
import { type OldRow, RowTranslation } from './row-translation.ts';
import { pairWindows, windowIndexes, type WindowPair } from './window-pairs.ts';

export interface TranslatorOptions {
  readonly older: Plan;
  readonly newer: Plan;
  readonly view: ViewNode;
}

const keyBytes = new Uint8Array(0);

export class ImageTranslator implements ImageTranslation {
  readonly #from: DetachedView;
  readonly #to: DetachedView;
  readonly #formers: readonly (FormerFeature | null)[];
  readonly #pairs: readonly WindowPair[];
  readonly #windows: readonly (number | null)[];
  readonly #rows: RowTranslation;
  readonly #groups: ReadonlyMap<RollingGroup, GroupTranslation>;
  readonly #part = new StateWriter();

  /** Throws MR_STATE_SCHEMA when the state cannot go on. */
  constructor({ older, newer, view }: TranslatorOptions) {
    const before = older.views.find(({ name }) => name === view.name);
    if (before === undefined) throw new Error(`no older view "${view.name}"`);
    this.#formers = formerFeatures(older, newer, view);
    this.#from = detachedView(older, before);
    this.#to = detachedView(newer, view);
    const from = this.#from.parts;
    const to = this.#to.parts;
    this.#pairs = pairWindows(from, to, this.#formers);
    this.#windows = windowIndexes(from, to);
    this.#rows = new RowTranslation({ from, to, formers: this.#formers, windows: this.#windows });
    this.#groups = this.#prepare();
  }

  /** Reads an image of the older view and writes that of the newer one. */
  translateKey(image: StateReader, target: StateWriter): void {
    const old = this.#from.keys.insert(keyBytes, 0, 0);
    this.#from.keys.readKey(old, image);
    const slot = this.#to.keys.insert(keyBytes, 0, 0);
    this.#copy(
      (to) => this.#from.parts.states.writeKey(old, to),
      (from) => this.#to.parts.states.readKey(slot, from),
    );
    this.#to.admission.takeOver(slot, this.#from.admission, old, this.#windows);
    this.#copy(
      (to) => this.#from.rows.writeKey(old, to),
      (from) => this.#to.rows.readKey(slot, from),
    );
    for (const { from, to } of this.#pairs) {
      if (from === null) continue;
      if (to instanceof RollingGroup) this.#groups.get(to)?.translate(old, slot);
      else
        this.#copy(
          (writer) => from.writeKey(old, writer),
          (reader) => to.readKey(slot, reader),
        );
    }
    this.#to.keys.writeKey(slot, target);
    this.#from.keys.evict(old);
    this.#to.keys.evict(slot);
    this.#from.parts.timers.clear();
    this.#to.parts.timers.clear();
  }

  /** Reads a head of the older view and writes that of the newer one. */
  translateHead(head: StateReader, target: StateWriter): void {
    const { keys, parts, waiting, admission } = this.#from;
    keys.readHead(head, { ownsKey: () => true, takesCounters: true });
    const to = this.#to;
    to.setHead(this.#from.head());
    to.parts.store.nextOrder = parts.store.nextOrder;
    to.parts.builder.rowsOut = parts.builder.rowsOut;
    to.admission.late.takeOver(admission.late, this.#formers);
    for (let row = 0; row < parts.store.length; row++) this.#copyRow(row);
    to.keys.writeHead(target);
    waiting.clear();
    parts.store.compact([], 0);
    to.waiting.clear();
    to.parts.store.compact([], 0);
  }

  #copyRow(row: number): void {
    const { store, keys } = this.#from.parts;
    const old = store.slot[row] as number;
    const to = this.#to;
    const [start, end] = [keys.bounds[old * 2] as number, keys.bounds[old * 2 + 1] as number];
    const slot = to.keys.insert(keys.data.slice(start, end), 0, end - start);
    this.#copy(
      (writer) => this.#rows.write(this.#rowAt(row), writer),
      (reader) => to.waiting.push(to.parts.store.readRow(slot, reader)),
    );
  }

  #rowAt(row: number): OldRow {
    const { store, staging } = this.#from.parts;
    const record = staging.isBoxed ? store.records[row] : undefined;
    return {
      ts: store.ts[row] as number,
      watermark: store.watermark[row] as number,
      arrivalMs: store.arrivalMs[row] as number,
      offset: store.offset[row] as number,
      isApplied: store.isApplied[row] as number,
      order: store.orderOf(row),
      mask: store.mask[row] as number,
      refusals: store.refusalsOf(row),
      numberAt: (column) => store.values[column]?.[row] as number,
      inputs: record?.inputs ?? null,
      id: record?.id ?? null,
    };
  }

  /** What `write` writes is read by `read`. */
  #copy(write: (to: StateWriter) => void, read: (from: StateReader) => void): void {
    this.#part.reset();
    write(this.#part);
    read(new StateReader(this.#part.toBytes()));
  }

  /** Makes the older windows write themselves as the newer ones read; groups have their rows added. */
  #prepare(): ReadonlyMap<RollingGroup, GroupTranslation> {
    const groups = new Map<RollingGroup, GroupTranslation>();
    const formers = this.#formers;
    for (const { from, to } of this.#pairs) {
      if (from instanceof RollingGroup && to instanceof RollingGroup) {
        const sides = { from: this.#from.parts, to: this.#to.parts };
        groups.set(to, new GroupTranslation({ from, to, sides, rows: this.#rows }));
      } else if (from instanceof RecordBuffer && to instanceof RecordBuffer) {
        from.translation = (record) => this.#inputsOf(to, record);
      } else if (from instanceof SlotRingWindow && to instanceof SlotRingWindow) {
        const formerOf = (feature: number): number | null => formers[feature]?.index ?? null;
        const aggregates = { from: from.aggregates, to: to.aggregates };
        from.translation = new NumberTranslation({ ...aggregates, formerOf });
      } else if (from instanceof CellWindow && to instanceof CellWindow) {
        from.cellWriter = cellTranslation(from.cells, to.cells, formers);
      }
    }
    return groups;
  }

  #inputsOf(to: RecordBuffer, { inputs }: { readonly inputs: OldRow['inputs'] }) {
    return to.form.features.map(({ index }) => {
      const former = this.#formers[index] ?? null;
      const value = former === null ? null : (inputs?.[former.index] ?? null);
      return value === null || former?.convert == null ? value : former.convert(value);
    });
  }
}
