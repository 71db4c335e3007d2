// One view, record by record, as docs/adr/0002-feature-value-semantics.md says it: judge, apply,
// emit; fire timers when the watermark grows. Slow on purpose: state is searched, never indexed.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { minWatermark } from '../../kernel/instant.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { DeliveredRow } from './delivery.ts';
import { judge, type Judgement } from './judge.ts';
import {
  type Evaluation,
  evaluateFinal,
  evaluateKey,
  type KeyState,
  namedValues,
  newKeyState,
} from './key-state.ts';
import { fireOver } from './over-rule.ts';
import type { OracleRecord } from './records.ts';
import { effectsAt, instantsAhead, isForgettable, setBoundaries } from './timers.ts';
import { identityOf } from './values.ts';
import { isSelected, keyOf, recordOf, type ViewContext } from './view-context.ts';

/** One row of a view. */
export interface OracleVector {
  readonly key: Readonly<Record<string, Value>>;
  readonly eventTimeMs: number;
  readonly asOfMs: number;
  readonly seq: number;
  readonly values: Readonly<Record<string, Value>>;
  /** How far a right engine may be from a value; absent where it may not. */
  readonly tolerances: Readonly<Record<string, number>>;
}

/** A record that windows skipped, and the features that missed it. */
export interface OracleLate {
  readonly split: number;
  readonly offset: number;
  readonly features: readonly string[];
}

/** What happened on the way: a test that means to cover a branch counts it here. */
export type OracleBranch =
  | 'filtered'
  | 'failed'
  | 'late'
  | 'excluded'
  | 'out of order'
  | 'allowed late'
  | 'waited'
  | 'applied silently'
  | 'timer set in the past'
  | 'firing'
  | 'emptying'
  | 'decay'
  | 'shown before firing'
  | 'clean-up'
  | 'forgotten'
  | 'idle row'
  | 'final row'
  | 'null key part';

/** Everything the oracle says about a view. */
export interface OracleResult {
  /** In the order in which they came out; rows of one key are in (as_of, seq) order while it is not forgotten. */
  readonly vectors: readonly OracleVector[];
  readonly late: readonly OracleLate[];
  readonly branches: ReadonlyMap<OracleBranch, number>;
}

export class ViewOracle {
  readonly #context: ViewContext;
  readonly #keys = new Map<string, KeyState>();
  readonly #vectors: OracleVector[] = [];
  readonly #late: OracleLate[] = [];
  readonly #branches = new Map<OracleBranch, number>();
  #arrivals = 0;
  #finiteWatermark: number = minWatermark;

  constructor(context: ViewContext) {
    this.#context = context;
  }

  result(): OracleResult {
    return { vectors: this.#vectors, late: this.#late, branches: this.#branches };
  }

  /** A row, with the combined watermark before it. */
  process(delivered: DeliveredRow, watermarkMs: number): void {
    const context = this.#context;
    const record = this.#recordOf(delivered, watermarkMs);
    if (record === null) return;
    const key = keyOf(context, delivered.row);
    const state = this.#keys.get(identityOf(key)) ?? newKeyState(key);
    const judgement = judge(context, state, record);
    this.#report(record, judgement);
    if (record.takenBy.size === 0) return;
    this.#keys.set(identityOf(key), state);
    if (Object.values(key).includes(null)) this.#count('null key part');
    if (record.ts < state.asOf) this.#count('out of order');
    setBoundaries(context, state, record);
    this.#accept(state, record, judgement);
  }

  #recordOf(delivered: DeliveredRow, watermarkMs: number): OracleRecord | null {
    try {
      if (!isSelected(this.#context, delivered.row)) {
        this.#count('filtered');
        return null;
      }
      return recordOf(this.#context, delivered, this.#arrivals++, watermarkMs);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#count('failed');
      return null;
    }
  }

  #report(record: OracleRecord, { skippedBy, excludedBy }: Judgement): void {
    const isMissedByAll = record.takenBy.size === 0;
    if (excludedBy.length > 0) this.#count('excluded');
    if (skippedBy.length === 0 && !isMissedByAll) return;
    this.#count('late');
    const missed = new Set([...skippedBy, ...excludedBy]);
    this.#late.push({
      split: record.delivered.split,
      offset: record.delivered.offset,
      features: this.#context.view.features.map(({ name }) => name).filter((n) => missed.has(n)),
    });
  }

  #accept(state: KeyState, record: OracleRecord, { latestPastEnd }: Judgement): void {
    const isAllowedLate = latestPastEnd !== null;
    if (isAllowedLate) this.#count('allowed late');
    if (this.#context.hasWaitingRows && !isAllowedLate) {
      this.#count(record.ts <= record.watermarkMs ? 'timer set in the past' : 'waited');
      state.waiting.push(record);
      return;
    }
    state.applied.push(record);
    if (this.#context.emit === 'watermark' && !isAllowedLate) {
      this.#count('applied silently');
      return;
    }
    const past = latestPastEnd === null ? minWatermark : latestPastEnd - 1;
    const own = this.#context.emit === 'arrival' ? record.ts : minWatermark;
    state.asOf = Math.max(state.asOf, own, past);
    this.#emit(state, evaluateKey(this.#context, state, state.asOf), 0);
  }

  /** Timers up to a watermark that has grown; +∞ is the end of bounded input. */
  advance(watermarkMs: number): void {
    const isEnd = !Number.isFinite(watermarkMs);
    const decayLimit = isEnd ? this.#finiteWatermark : watermarkMs;
    if (!isEnd) this.#finiteWatermark = watermarkMs;
    for (const [id, state] of this.#keys) {
      const next = (): number | null =>
        earliest(instantsAhead(this.#context, state, decayLimit), watermarkMs);
      for (let at = next(); at !== null; at = next()) this.#fire(state, at);
      if (!isEnd && isForgettable(this.#context, state, watermarkMs)) {
        this.#count('forgotten');
        this.#keys.delete(id);
      }
    }
  }

  #fire(state: KeyState, instant: number): void {
    const context = this.#context;
    this.#fireOver(state, instant);
    this.#release(state, instant);
    const effects = effectsAt(context, state, instant);
    for (const timers of state.boundaries.values()) timers.delete(instant);
    for (const session of [...state.sessions.values()].flat()) {
      if (session.end - 1 === instant) session.isClosed = true;
    }
    const isFinal = instant > this.#finiteWatermark;
    if (isFinal ? !effects.has('firing') : effects.size === 0) return;
    if (state.asOf >= instant) return this.#count('shown before firing');
    for (const effect of effects) this.#count(effect);
    if (isFinal) this.#count('final row');
    state.asOf = instant;
    const evaluateAt = isFinal ? evaluateFinal : evaluateKey;
    this.#emit(state, evaluateAt(context, state, instant), 0);
  }

  #fireOver(state: KeyState, instant: number): void {
    for (const [window, over] of state.over) {
      if (!over.timers.has(instant) || !fireOver(over, instant)) continue;
      this.#count('clean-up');
      for (const record of [...state.applied, ...state.waiting]) {
        if (record.takenBy.delete(window)) record.forgottenBy.add(window);
      }
    }
  }

  /** Waiting records of this instant come out: all are applied, then each gives a row. */
  #release(state: KeyState, instant: number): void {
    const released = state.waiting.filter(({ ts }) => ts === instant).sort(this.#context.order);
    if (released.length === 0) return;
    state.waiting = state.waiting.filter(({ ts }) => ts !== instant);
    state.applied.push(...released);
    state.asOf = Math.max(state.asOf, instant);
    for (const [i] of released.entries()) {
      const later = released.slice(i + 1);
      this.#emit(state, evaluateKey(this.#context, state, state.asOf, later), later.length);
    }
  }

  /** Wall time goes on while every split is idle: rows come out, nothing is closed or forgotten. */
  advanceIdle(nowMs: number): void {
    const context = this.#context;
    for (const state of this.#keys.values()) {
      if (state.waiting.length > 0) continue;
      let reached = state.asOf;
      const next = (): number | null => {
        const ahead = instantsAhead(context, { ...state, waiting: [], over: new Map() }, nowMs);
        return earliest(
          ahead.filter((instant) => instant > reached),
          nowMs,
        );
      };
      for (let at = next(); at !== null; at = next()) {
        reached = at;
        if (effectsAt(context, state, at).size === 0) continue;
        this.#count('idle row');
        state.asOf = at;
        this.#emit(state, evaluateKey(context, state, at), 0);
      }
    }
  }

  #emit(state: KeyState, evaluation: Evaluation, behind: number): void {
    const counted = state.applied.filter(({ ts }) => ts <= state.asOf);
    state.newest = evaluation;
    for (const record of state.applied) record.forgottenBy.clear();
    this.#vectors.push({
      key: state.key,
      eventTimeMs: Math.max(...counted.map(({ ts }) => ts)),
      asOfMs: state.asOf,
      seq: counted.length - behind,
      values: namedValues(this.#context, evaluation),
      tolerances: tolerancesOf(this.#context, evaluation),
    });
  }

  #count(branch: OracleBranch): void {
    this.#branches.set(branch, (this.#branches.get(branch) ?? 0) + 1);
  }
}

function earliest(instants: readonly number[], limit: number): number | null {
  const due = instants.filter((instant) => instant <= limit);
  return due.length === 0 ? null : Math.min(...due);
}

function tolerancesOf(context: ViewContext, evaluation: Evaluation): Record<string, number> {
  const named = context.view.features.map(
    ({ name }, i) => [name, evaluation[i]?.tolerance ?? 0] as const,
  );
  return Object.fromEntries(named.filter(([, tolerance]) => tolerance > 0));
}
