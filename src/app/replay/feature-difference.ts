// What is said of one feature of two jobs: how many values are equal, how those that are not differ,
// how the values of each side are distributed, and a few examples.
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { isNumericType } from '../../kernel/types/field-type.ts';
import { DdSketch } from '../../sketch/dd-sketch.ts';
import { isSameValue } from './same-value.ts';

/** One feature of two jobs. */
export interface FeatureComparison {
  readonly feature: string;
  /** `left`, `right`: only that job has the feature, or has it with this type. */
  readonly in: 'both' | 'left' | 'right';
  readonly equal: number;
  /** Values that differ between rows of the same event time and instant. */
  readonly differing: number;
  /** Values that differ between rows of other instants: one job is further on, or counts other events. */
  readonly unsettled: number;
  /** Of numbers, where both sides have one and they are not the same: right − left. */
  readonly difference: { readonly mean: number; readonly max_abs: number } | null;
  readonly left: Distribution | null;
  readonly right: Distribution | null;
  readonly examples: readonly DifferenceExample[];
}

/** Values of a feature in one job. Quantiles are within 1 %. */
export interface Distribution {
  readonly values: number;
  readonly nulls: number;
  /** Null for what is no number. */
  readonly numbers: {
    readonly mean: number;
    readonly min: number;
    readonly p50: number;
    readonly p95: number;
    readonly max: number;
  } | null;
}

/** A key whose values differ. */
export interface DifferenceExample {
  readonly key: Readonly<Record<string, Value>>;
  readonly left: Value;
  readonly right: Value;
  readonly left_event_time_ms: number;
  readonly right_event_time_ms: number;
}

/** Values of one key on both sides. */
export interface ValuePair {
  readonly left: Value;
  readonly right: Value;
  /** Rows of the same event time and instant. */
  readonly isSettled: boolean;
  readonly example: () => Omit<DifferenceExample, 'left' | 'right'>;
}

/** What counts as equal, and how many examples are kept. */
export interface TallyLimits {
  readonly tolerance: number;
  readonly examplesMax: number;
}

export class FeatureTally {
  readonly #field: Field;
  readonly #limits: TallyLimits;
  readonly #left: SideTally;
  readonly #right: SideTally;
  readonly #examples: DifferenceExample[] = [];
  #equal = 0;
  #differing = 0;
  #unsettled = 0;
  #numbersDiffering = 0;
  #sum = 0;
  #maxAbs = 0;

  constructor(field: Field, limits: TallyLimits) {
    this.#field = field;
    this.#limits = limits;
    this.#left = new SideTally(isNumericType(field.type));
    this.#right = new SideTally(isNumericType(field.type));
  }

  add({ left, right, isSettled, example }: ValuePair): void {
    this.#left.add(left);
    this.#right.add(right);
    if (isSameValue(left, right, this.#limits.tolerance)) {
      this.#equal++;
      return;
    }
    if (isSettled) this.#differing++;
    else this.#unsettled++;
    this.#addDifference(left, right);
    if (this.#examples.length < this.#limits.examplesMax) {
      this.#examples.push({ ...example(), left, right });
    }
  }

  addAlone(side: 'left' | 'right', value: Value): void {
    (side === 'left' ? this.#left : this.#right).add(value);
  }

  result(): FeatureComparison {
    const count = this.#numbersDiffering;
    return {
      feature: this.#field.name,
      in: 'both',
      equal: this.#equal,
      differing: this.#differing,
      unsettled: this.#unsettled,
      difference: count === 0 ? null : { mean: this.#sum / count, max_abs: this.#maxAbs },
      left: this.#left.result(),
      right: this.#right.result(),
      examples: this.#examples,
    };
  }

  #addDifference(left: Value, right: Value): void {
    if (left === null || right === null || !isNumericType(this.#field.type)) return;
    const difference = Number(right) - Number(left);
    if (!Number.isFinite(difference)) return;
    this.#numbersDiffering++;
    this.#sum += difference;
    this.#maxAbs = Math.max(this.#maxAbs, Math.abs(difference));
  }
}

class SideTally {
  readonly #sketch: DdSketch | null;
  #values = 0;
  #nulls = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(isNumeric: boolean) {
    this.#sketch = isNumeric ? new DdSketch() : null;
  }

  add(value: Value): void {
    if (value === null) {
      this.#nulls++;
      return;
    }
    this.#values++;
    const number = this.#sketch === null ? Number.NaN : Number(value);
    if (!Number.isFinite(number)) return;
    this.#sketch?.add(number);
    this.#sum += number;
    this.#min = Math.min(this.#min, number);
    this.#max = Math.max(this.#max, number);
  }

  result(): Distribution {
    const sketch = this.#sketch;
    const has = sketch !== null && sketch.count > 0;
    return {
      values: this.#values,
      nulls: this.#nulls,
      numbers: has
        ? {
            mean: this.#sum / sketch.count,
            min: this.#min,
            p50: sketch.quantile(0.5) ?? Number.NaN,
            p95: sketch.quantile(0.95) ?? Number.NaN,
            max: this.#max,
          }
        : null,
    };
  }
}
