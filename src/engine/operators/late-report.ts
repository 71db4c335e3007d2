// Counts of late records, and a bounded sample of them for the late output.
import type { Batch } from '../../columns/batch.ts';
import { readRow, toJsonValue } from '../../columns/read-value.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { StateReader } from '../state/bytes/state-reader.ts';
import type { StateWriter } from '../state/bytes/state-writer.ts';
import type { OperatorContext } from './operator.ts';
import type { ViewLayout } from './view-layout.ts';

/** Late records handed on per batch; the counters are exact. */
const sampleMax = 64;

export class LateReport {
  lateRecords = 0;
  readonly #layout: ViewLayout;
  readonly #context: OperatorContext;
  readonly #byFeature: Float64Array;
  #sampled = 0;

  constructor(layout: ViewLayout, context: OperatorContext) {
    this.#layout = layout;
    this.#context = context;
    this.#byFeature = new Float64Array(layout.view.features.length);
  }

  startBatch(): void {
    this.#sampled = 0;
  }

  /** `refusals` has a 1 or 2 for every window that did not take the row. */
  report(batch: Batch, row: number, watermarkMs: number, refusals: Uint8Array): void {
    this.lateRecords += 1;
    const missed = this.#layout.windows.flatMap(({ features }, i) =>
      refusals[i] === 0 ? [] : features,
    );
    for (const feature of missed) {
      this.#byFeature[feature] = (this.#byFeature[feature] as number) + 1;
    }
    if (this.#sampled++ >= sampleMax) return;
    const isLast = this.#sampled === sampleMax;
    const { view } = this.#layout;
    this.#context.late(
      {
        view: view.name,
        offset: batch.offsets[row] as number,
        eventTimeMs: batch.eventTimeMs[row] as number,
        watermarkMs,
        features: missed.map((feature) => view.features[feature]?.name ?? ''),
        row: rowAsJson(batch, row),
        ...(isLast ? { sampleIsFull: true } : {}),
      },
      batch,
    );
  }

  write(to: StateWriter): void {
    to.varint(this.lateRecords);
    const counts = Object.entries(this.lateByFeature());
    to.varint(counts.length);
    for (const [name, count] of counts) {
      to.string(name);
      to.varint(count);
    }
  }

  /** Adds what was counted before, if `isTaken`. */
  read(from: StateReader, isTaken: boolean): void {
    const { features } = this.#layout.view;
    const lateRecords = from.varint();
    if (isTaken) this.lateRecords += lateRecords;
    for (let left = from.count(); left > 0; left--) {
      const name = from.string();
      const count = from.varint();
      const feature = features.findIndex((known) => known.name === name);
      if (isTaken && feature >= 0) {
        this.#byFeature[feature] = (this.#byFeature[feature] as number) + count;
      }
    }
  }

  /** Goes on with the counts of an older view; `formers`: its features, by those of this one. */
  takeOver(from: LateReport, formers: readonly ({ readonly index: number } | null)[]): void {
    this.lateRecords = from.lateRecords;
    for (const [i, former] of formers.entries()) {
      this.#byFeature[i] = former === null ? 0 : (from.#byFeature[former.index] as number);
    }
  }

  lateByFeature(): Record<string, number> {
    const names = this.#layout.view.features.map((feature) => feature.name);
    return Object.fromEntries(names.map((name, i) => [name, this.#byFeature[i] as number]));
  }
}

/** A row as JSON-like values: int64 as text. */
export function rowAsJson(batch: Batch, row: number): Record<string, unknown> {
  const values = readRow(batch.columns, batch.fields, row);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, toJsonValue(value as Value)]),
  );
}
