// One feature over the rows of a sample: what is equal, what is not and why, how values are spread.
import { formatDuration } from '../../kernel/duration.ts';
import { type Field, type Value, isNumericType } from '../../kernel/types/field-type.ts';
import {
  type Sampled,
  type DistributionShift,
  distributionShift,
} from '../../observe/skew/distribution-shift.ts';
import { type SkewCause, skewCauses } from '../../observe/skew/skew-cause.ts';
import type { FeatureSkew, FeatureVerdict, SkewExample, SkewThresholds } from './skew-report.ts';

const examplesMax = 3;
/** Fewer values say nothing of a distribution. */
const shiftValuesMin = 50;
const noShift: DistributionShift = { psi: null, ks: null, psiNoise: 0, ksNoise: 0 };

/** How far off the rows of one cause are, each in its own measure. */
export interface OffFacts {
  readonly cause: SkewCause;
  /** Of `clock` and `stale_store`. */
  readonly ms: number;
  /** Of `late_data` and `missing_history`. */
  readonly records: number;
  readonly example: Omit<SkewExample, 'served' | 'recomputed' | 'cause'>;
}

export interface TallyOptions {
  readonly field: Field;
  readonly thresholds: SkewThresholds;
  /** What changed in the definition of the feature; empty when nothing did. */
  readonly change: string;
  readonly promiseMs: number;
}

interface CauseTally {
  count: number;
  msMax: number;
  recordsMax: number;
}

export class FeatureSkewTally {
  readonly #options: TallyOptions;
  readonly #causes = new Map<SkewCause, CauseTally>();
  readonly #examples: SkewExample[] = [];
  readonly #served: Sampled[] = [];
  readonly #training: Sampled[] = [];
  #equal = 0;
  #inFlight = 0;
  #nullServed = 0;
  #nullRecomputed = 0;
  #differenceMax: number | null = null;

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  /** How values are distributed on both sides; what is neither a number nor short does not count. */
  addServed(value: Value): void {
    this.#sample(this.#served, value);
  }

  addTraining(value: Value): void {
    this.#sample(this.#training, value);
  }

  addEqual(): void {
    this.#equal++;
  }

  /** It lacks only what was not due. */
  addInFlight(): void {
    this.#inFlight++;
  }

  addOff(served: Value, recomputed: Value, facts: OffFacts): void {
    const { cause, ms, records, example } = facts;
    const tally = this.#causes.get(cause) ?? { count: 0, msMax: 0, recordsMax: 0 };
    this.#causes.set(cause, tally);
    tally.count++;
    tally.msMax = Math.max(tally.msMax, ms);
    tally.recordsMax = Math.max(tally.recordsMax, records);
    if (served === null) this.#nullServed++;
    else if (recomputed === null) this.#nullRecomputed++;
    else if (isNumericType(this.#options.field.type)) {
      const difference = Math.abs(Number(served) - Number(recomputed));
      this.#differenceMax = Math.max(this.#differenceMax ?? 0, difference);
    }
    if (this.#examples.length < examplesMax) {
      this.#examples.push({ ...example, served, recomputed, cause });
    }
  }

  result(): FeatureSkew {
    const { field } = this.#options;
    const off = [...this.#causes.values()].reduce((sum, { count }) => sum + count, 0);
    const values = this.#equal + this.#inFlight + off;
    const shift = this.#shift();
    const cause = this.#mainCause();
    return {
      feature: field.name,
      verdict: this.#verdict(off, values, shift),
      cause,
      evidence: cause === null ? '' : this.#evidence(cause),
      values,
      equal: this.#equal,
      in_flight: this.#inFlight,
      off,
      off_share: values === 0 ? 0 : off / values,
      causes: Object.fromEntries([...this.#causes].map(([name, { count }]) => [name, count])),
      null_served: this.#nullServed,
      null_recomputed: this.#nullRecomputed,
      difference_max: this.#differenceMax,
      psi: shift.psi,
      ks: shift.ks,
      examples: this.#examples,
    };
  }

  #shift(): DistributionShift {
    const isEnough = Math.min(this.#served.length, this.#training.length) >= shiftValuesMin;
    return isEnough ? distributionShift(this.#served, this.#training) : noShift;
  }

  #verdict(off: number, values: number, shift: DistributionShift): FeatureVerdict {
    const { offMax, psiMax, ksMax } = this.#options.thresholds;
    if (off > offMax * values) return 'off';
    const isShifted =
      (shift.psi ?? 0) > Math.max(psiMax, 3 * shift.psiNoise) ||
      (shift.ks ?? 0) > Math.max(ksMax, shift.ksNoise);
    return isShifted ? 'shifted' : 'equal';
  }

  #mainCause(): SkewCause | null {
    let main: SkewCause | null = null;
    for (const cause of skewCauses) {
      const count = this.#causes.get(cause)?.count ?? 0;
      if (count > (main === null ? 0 : (this.#causes.get(main)?.count ?? 0))) main = cause;
    }
    return main;
  }

  #evidence(cause: SkewCause): string {
    const { count, msMax, recordsMax } = this.#causes.get(cause) as CauseTally;
    const rows = `${count} ${count === 1 ? 'row' : 'rows'}`;
    const most = `${recordsMax} ${recordsMax === 1 ? 'record' : 'records'}`;
    const span = formatDuration(Math.round(msMax));
    switch (cause) {
      case 'changed_definition':
        return `${this.#options.change}; by the definitions of then the ${rows} are as served`;
      case 'clock':
        return `${rows} were for an instant after the one they were served at, by up to ${span}`;
      case 'late_data':
        return `${rows} lack up to ${most} that happened before the instant they were for`;
      case 'stale_store':
        return `${rows} lack records that were due (promise ${formatDuration(this.#options.promiseMs)}), up to ${span} behind`;
      case 'missing_history':
        return `${rows} count up to ${most} that the history does not have`;
      case 'unexplained':
        return `${rows} have the same definition and number of records, and another value${this.#options.change === '' ? '' : ` (${this.#options.change})`}`;
    }
  }

  #sample(into: Sampled[], value: Value): void {
    const { type } = this.#options.field;
    if (value === null) into.push(null);
    else if (isNumericType(type) || type.kind === 'timestamp') into.push(Number(value));
    else if (typeof value === 'boolean' || typeof value === 'string') into.push(String(value));
  }
}
