// The window against the general one, which keeps a set per slot: same values and timers, and each
// reads the other's images.
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../columns/column.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { PagePool } from '../page-pool.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import { StateReader } from '../bytes/state-reader.ts';
import { StateWriter } from '../bytes/state-writer.ts';
import { CodeSetCells } from '../cells/code-set-cells.ts';
import { CompositeCells } from '../cells/composite-cells.ts';
import { ValueCodes } from '../value-codes.ts';
import { DistinctSlotWindow } from './distinct-slot-window.ts';
import { SlotWindowState } from './slot-window.ts';
import type { RecordSource, ViewWindow } from './view-window.ts';

const resolutionMs = 10;
const sizeMs = 95;
const keys = 4;
const field: Field = { name: 'x', type: { kind: 'float64' }, nullable: false } as Field;

interface Side {
  readonly window: ViewWindow;
  put(row: { ts: number; value: number; isTaken: boolean }): void;
  valuesAt(key: number, tau: number): readonly number[];
}

function createSide(isGeneral: boolean, decayMs: number | null): Side {
  const codes = [new ValueCodes(), new ValueCodes()];
  const values = codes.map(() => new Float64Array(1));
  const source = {
    ts: new Float64Array(1),
    mask: new Int32Array(1),
    values,
  } as unknown as RecordSource & { ts: Float64Array; mask: Int32Array };
  const columns = codes.map(() => ({
    kind: 'float64' as const,
    values: new Float64Array(1),
    nulls: new Uint8Array(1),
  }));
  const output = { rowCount: 0, columns, overflowed: -1 } as never;
  const features = codes.map((of, feature) => ({
    feature,
    codes: of,
    input: feature,
    filter: feature === 0 ? -1 : 0,
  }));
  const options = { sizeMs, resolutionMs, decayMs };
  const cellsOf = (): CompositeCells =>
    new CompositeCells(features.map((of) => new CodeSetCells({ ...of, source, output })));
  const window: ViewWindow = isGeneral
    ? new SlotWindowState({ window: 0, source, cells: cellsOf() }, options)
    : new DistinctSlotWindow(
        { window: 0, features, source, output, pages: new PagePool() },
        options,
      );
  window.ensureSlots(keys);
  const column = (value: number): Column => ({
    kind: 'float64',
    values: Float64Array.of(value),
    nulls: new Uint8Array(1),
  });
  return {
    window,
    put({ ts, value, isTaken }) {
      source.ts[0] = ts;
      source.mask[0] = isTaken ? 1 : 0;
      for (const [i, of] of codes.entries()) {
        (values[i] as Float64Array)[0] = of.hold(column(value + i), field, 0);
      }
    },
    valuesAt(key, tau) {
      window.evaluate(key, tau, false, false);
      return columns.map((of) => of.values[0] as number);
    },
  };
}

function imageOf({ window }: Side, key: number): Uint8Array {
  const writer = new StateWriter();
  window.writeKey(key, writer);
  return writer.toBytes();
}

function move(from: Side, to: Side, key: number): void {
  const image = imageOf(from, key);
  to.window.clear(key);
  const reader = new StateReader(image);
  to.window.readKey(key, reader);
  expect(reader.isAtEnd).toBe(true);
}

describe('a rolling window that counts distinct values', () => {
  it.each([
    ['timers', 30],
    ['no timers', null],
  ])('has the values of the general one: %s', (_, decayMs) => {
    const random = seededRandom(7);
    const ours = createSide(false, decayMs);
    const general = createSide(true, decayMs);
    let now = 1_000_000;
    for (let step = 0; step < 20_000; step++) {
      const key = Math.floor(random.next() * keys);
      const pick = random.next();
      if (random.next() < 0.3) now += Math.floor(random.next() ** 6 * 200);
      const sides = [ours, general];
      if (pick < 0.6) {
        const ts = now - Math.floor(random.next() ** 3 * sizeMs);
        const row = { ts, value: Math.floor(random.next() * 12), isTaken: random.next() < 0.5 };
        for (const side of sides) {
          side.put(row);
          if (side.window.judge(0, key, 0, now) === 0) side.window.add(key, 0);
        }
      } else if (pick < 0.9) {
        expect(ours.valuesAt(key, now)).toEqual(general.valuesAt(key, now));
        expect(ours.window.nextTimer(key, now)).toBe(general.window.nextTimer(key, now));
      } else if (pick < 0.92) {
        for (const { window } of sides) window.cleanUp(0, key);
      } else if (pick < 0.95) {
        move(general, ours, key);
      } else if (pick < 0.98) {
        move(ours, general, key);
        move(general, ours, key);
      } else {
        for (const { window } of sides) window.clear(key);
      }
    }
    expect(ours.valuesAt(-1, now)).toEqual([0, 0]);
  });

  it('gives back what it took', () => {
    const side = createSide(false, 30);
    for (let i = 0; i < 1000; i++) {
      side.put({ ts: 1_000_000 + (i % 50), value: i, isTaken: true });
      side.window.add(i % keys, 0);
    }
    expect(side.window.liveBytes).toBeGreaterThan(16_000);
    expect(side.valuesAt(0, 1_000_200)).toEqual([0, 0]);
    for (let key = 0; key < keys; key++) side.window.tidy?.(key);
    for (let key = 1; key < keys; key++) side.window.clear(key);
    expect(side.window.liveBytes).toBe(0);
  });
});
