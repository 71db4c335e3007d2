// The watermark of a source: the least over its splits that are neither idle nor over, and only when
// it grows. A split that comes back from idleness counts again once its own watermark has reached
// the combined one. When all are idle the combined watermark goes to the greatest of all and holds.
import { maxWatermark, minWatermark } from '../../kernel/instant.ts';
import { WatermarkGenerator } from './watermark-generator.ts';

/** `returning`: active again, but behind the combined watermark, so it does not count yet. */
export type SplitState = 'active' | 'idle' | 'returning' | 'ended';

/** What a restored job must know of a split; instants are null when there are none. */
export type SavedSplit = {
  readonly state: SplitState;
  readonly greatestMs: number | null;
  readonly floorMs: number | null;
};

interface CombinedSplit {
  readonly generator: WatermarkGenerator;
  /** Known about a split before its first row counts; −∞ when nothing is. */
  floorMs: number;
  state: SplitState;
}

export class WatermarkCombiner {
  /** The combined watermark: −∞ before there is one, +∞ when every split has ended. Never falls. */
  watermarkMs: number = minWatermark;
  /** The split that holds the watermark (the least that counts), or −1. */
  holder = -1;
  readonly #splits: CombinedSplit[] = [];
  readonly #outOfOrdernessMs: number;

  constructor(splitCount: number, outOfOrdernessMs: number) {
    this.#outOfOrdernessMs = outOfOrdernessMs;
    for (let split = 0; split < splitCount; split++) this.add();
    this.#combine();
  }

  /** One more split, behind the others: the watermark stands until it has rows, ends or is idle. */
  add(): void {
    const generator = new WatermarkGenerator(this.#outOfOrdernessMs);
    this.#splits.push({ generator, floorMs: minWatermark, state: 'active' });
    this.#findHolder();
  }

  save(split: number): SavedSplit {
    const { state, floorMs, generator } = this.#at(split);
    return { state, greatestMs: savedMs(generator.greatestMs), floorMs: savedMs(floorMs) };
  }

  /** Splits as they were saved, the rest as new ones. Before any row. */
  restore(watermarkMs: number, splits: readonly SavedSplit[]): void {
    for (const [i, { state, greatestMs, floorMs }] of splits.entries()) {
      const own = this.#at(i);
      own.state = state;
      own.generator.greatestMs = greatestMs ?? minWatermark;
      own.floorMs = floorMs ?? minWatermark;
    }
    this.watermarkMs = watermarkMs;
    this.#findHolder();
  }

  /** Whether the watermark goes to +∞ when this split is marked as ended. */
  isLast(split: number): boolean {
    return this.#splits.every((other, i) => i === split || isEnded(other));
  }

  stateOf(split: number): SplitState {
    return this.#at(split).state;
  }

  /** The split's own watermark; −∞ before its first row. */
  watermarkOf(split: number): number {
    return watermarkOf(this.#at(split));
  }

  /** Greatest event time of any split. */
  get greatestMs(): number {
    return this.#splits.reduce((most, s) => Math.max(most, s.generator.greatestMs), minWatermark);
  }

  get isAllIdle(): boolean {
    return this.#splits.some(isIdle) && this.#splits.every((s) => isIdle(s) || isEnded(s));
  }

  get isEnded(): boolean {
    return this.#splits.every(isEnded);
  }

  /**
   * Takes the event times of a batch of one split, writing the combined watermark before each row.
   * The watermark that a row causes counts from the next row on.
   */
  observeRows(
    split: number,
    eventTimeMs: Float64Array,
    rowCount: number,
    into: Float64Array,
  ): void {
    this.markActive(split);
    const own = this.#at(split);
    const { generator } = own;
    const others = this.#leastOfOthers(split);
    let row = 0;
    for (; row < rowCount && own.state === 'returning'; row++) {
      into[row] = this.watermarkMs;
      generator.observe(eventTimeMs[row] as number);
      if (generator.watermarkMs >= this.watermarkMs) own.state = 'active';
    }
    if (own.state === 'active') {
      const boundMs = generator.outOfOrdernessMs;
      let greatest = generator.greatestMs;
      let combined = Math.max(this.watermarkMs, Math.min(others, watermarkOf(own)));
      for (; row < rowCount; row++) {
        into[row] = combined;
        const eventTime = eventTimeMs[row] as number;
        if (eventTime <= greatest) continue;
        greatest = eventTime;
        const watermark = eventTime - boundMs;
        const least = watermark < others ? watermark : others;
        if (least > combined) combined = least;
      }
      generator.greatestMs = greatest;
      this.watermarkMs = combined;
    }
    this.#findHolder();
  }

  /** Rows of the split that are still to come are known not to be older than this watermark. */
  raiseFloor(split: number, watermarkMs: number): void {
    const own = this.#at(split);
    if (watermarkMs <= own.floorMs) return;
    own.floorMs = watermarkMs;
    this.#combine();
  }

  /** The split has records again; also one that had ended, in an earlier run. */
  markActive(split: number): void {
    const own = this.#at(split);
    if (own.state !== 'idle' && own.state !== 'ended') return;
    own.state = watermarkOf(own) >= this.watermarkMs ? 'active' : 'returning';
    this.#combine();
  }

  /** The split leaves the minimum until it has records again. */
  markIdle(split: number): void {
    const own = this.#at(split);
    if (own.state === 'ended' || own.state === 'idle') return;
    own.state = 'idle';
    this.#combine();
  }

  /** The split is over: it never holds the watermark again. */
  markEnded(split: number): void {
    this.#at(split).state = 'ended';
    this.#combine();
  }

  #at(split: number): CombinedSplit {
    const found = this.#splits[split];
    if (found === undefined) throw new RangeError(`no split ${split}`);
    return found;
  }

  #leastOfOthers(split: number): number {
    let least = maxWatermark;
    for (const [i, other] of this.#splits.entries()) {
      if (i !== split && other.state === 'active') least = Math.min(least, watermarkOf(other));
    }
    return least;
  }

  #combine(): void {
    if (this.isEnded) this.watermarkMs = maxWatermark;
    else if (this.isAllIdle) {
      const greatest = Math.max(...this.#splits.map(watermarkOf));
      this.watermarkMs = Math.max(this.watermarkMs, greatest);
    } else {
      const least = this.#leastOfOthers(-1);
      if (least > this.watermarkMs && least !== maxWatermark) this.watermarkMs = least;
    }
    this.#findHolder();
  }

  #findHolder(): void {
    this.holder = -1;
    let least = maxWatermark;
    for (const [i, split] of this.#splits.entries()) {
      if (split.state !== 'active') continue;
      const watermark = watermarkOf(split);
      if (this.holder < 0 || watermark < least) {
        least = watermark;
        this.holder = i;
      }
    }
  }
}

function savedMs(ms: number): number | null {
  return ms === minWatermark ? null : ms;
}

function watermarkOf({ generator, floorMs }: CombinedSplit): number {
  return Math.max(generator.watermarkMs, floorMs);
}

function isIdle({ state }: CombinedSplit): boolean {
  return state === 'idle';
}

function isEnded({ state }: CombinedSplit): boolean {
  return state === 'ended';
}
