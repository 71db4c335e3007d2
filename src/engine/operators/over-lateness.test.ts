import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StateReader } from '../state/bytes/state-reader.ts';
import { StateWriter } from '../state/bytes/state-writer.ts';
import { OverLateness } from './over-lateness.ts';

const sizeMs = 10;

/** As Flink has it: every clean-up timer ever set stays in a queue of its own until it fires. */
class Model {
  last = 0;
  clean = Number.NEGATIVE_INFINITY;
  timers: number[] = [];

  accept(ts: number): void {
    if (this.clean >= ts + sizeMs + 1) return;
    this.clean = ts + 15 + 1;
    this.timers.push(this.clean);
  }

  /** Fires the clean-ups up to `time`; how many times the records were forgotten. */
  fire(time: number): number {
    let forgotten = 0;
    for (const timer of this.timers.filter((t) => t <= time).sort((a, b) => a - b)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      if (timer >= this.clean) {
        forgotten += 1;
        this.last = 0;
        this.clean = Number.NEGATIVE_INFINITY;
      } else this.last = Math.max(this.last, timer);
    }
    return forgotten;
  }
}

function fireUntil(over: OverLateness, slot: number, time: number): number {
  let forgotten = 0;
  while (over.pending(slot) > Number.NEGATIVE_INFINITY && over.pending(slot) <= time) {
    if (over.cleanUpFired(slot)) forgotten += 1;
  }
  return forgotten;
}

describe('the clean-ups of an OVER window', () => {
  it('fire as if each had a timer of its own, also after they were written and read', () => {
    const step = fc.record({ ts: fc.nat(200), fires: fc.boolean(), isMoved: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model();
        const over = new OverLateness(sizeMs);
        over.ensureSlots(70);
        let slot = 3;
        for (const { ts, fires, isMoved } of steps) {
          if (fires) expect(fireUntil(over, slot, ts)).toBe(model.fire(ts));
          else {
            model.accept(ts);
            over.accept(slot, ts);
          }
          if (isMoved) slot = moved(over, slot);
          expect(over.isLate(slot, model.last)).toBe(true);
          expect(over.isLate(slot, model.last + 1)).toBe(false);
          expect(over.pending(slot)).toBe(
            model.timers.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...model.timers),
          );
        }
      }),
    );
  });
});

/** Writes the key, clears it and reads it into the next slot. */
function moved(over: OverLateness, slot: number): number {
  const to = new StateWriter();
  over.writeKey(slot, to);
  over.clear(slot);
  const from = new StateReader(to.toBytes());
  over.readKey(slot + 1, from);
  expect(from.isAtEnd).toBe(true);
  return slot + 1;
}
