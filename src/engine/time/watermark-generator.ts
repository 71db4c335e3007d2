// The watermark of one split with bounded out-of-orderness: greatest event time − bound (Flink SQL's
// rule). It never falls. Event times are finite: rows without one never get here.
import { minWatermark } from '../../kernel/instant.ts';

export class WatermarkGenerator {
  /** Greatest event time of the split's rows; −∞ before the first. */
  greatestMs: number = minWatermark;
  readonly outOfOrdernessMs: number;

  constructor(outOfOrdernessMs: number) {
    this.outOfOrdernessMs = outOfOrdernessMs;
  }

  get watermarkMs(): number {
    return this.greatestMs - this.outOfOrdernessMs;
  }

  /** Takes one row's event time; what is not greater than before changes nothing. */
  observe(eventTimeMs: number): void {
    if (eventTimeMs > this.greatestMs) this.greatestMs = eventTimeMs;
  }
}
