// The state of one key, and what it is worth at an instant: values are always computed afresh from
// the list of all records that were applied. Only the final rows of a bounded run look back.
import type { Value } from '../../kernel/types/field-type.ts';
import type { FeatureNode } from '../../plan/plan.ts';
import { windowKey } from '../../plan/window.ts';
import { type Aggregated, aggregate } from './aggregates.ts';
import { evaluate } from './expressions.ts';
import type { OverState } from './over-rule.ts';
import type { OracleRecord } from './records.ts';
import { type Session, sessionAt } from './sessions.ts';
import type { ViewContext } from './view-context.ts';
import { type AlignedWindow, endsOf, isAligned, isMember, isOpen, recordsAt } from './windows.ts';

export interface KeyState {
  readonly key: Readonly<Record<string, Value>>;
  applied: OracleRecord[];
  waiting: OracleRecord[];
  asOf: number;
  /** By window key. */
  readonly sessions: Map<string, Session[]>;
  readonly over: Map<string, OverState>;
  /** Instants at which a window of its own boundaries ends or empties. */
  readonly boundaries: Map<string, Set<number>>;
  /** What the key's newest row said. */
  newest: Evaluation | null;
}

/** Per feature, in the view's order. */
export type Evaluation = readonly Aggregated[];

export function newKeyState(key: Readonly<Record<string, Value>>): KeyState {
  return {
    key,
    applied: [],
    waiting: [],
    asOf: Number.NEGATIVE_INFINITY,
    sessions: new Map(),
    over: new Map(),
    boundaries: new Map(),
    newest: null,
  };
}

/** Applied records that a window took, without those it forgot. */
export function takenRecords(state: KeyState, window: string): readonly OracleRecord[] {
  return state.applied.filter(({ takenBy }) => takenBy.has(window));
}

/** True when a window with this end holds an applied record. */
export function holdsRecord(
  state: KeyState,
  window: string,
  node: AlignedWindow,
  end: number,
): boolean {
  return takenRecords(state, window).some((record) => isMember(node, end, record));
}

/** evaluate(key, τ) of the rule. Rows windows do not see the records `later` of the same instant. */
export function evaluateKey(
  context: ViewContext,
  state: KeyState,
  instant: number,
  later: readonly OracleRecord[] = [],
): Evaluation {
  return context.view.features.map((feature, i) => {
    const isRows = feature.window.kind === 'rollingRows';
    const seen = isRows ? state.applied.filter((record) => !later.includes(record)) : state.applied;
    return aggregateOf(
      feature,
      i,
      featureRecords(context, { ...state, applied: seen }, feature, instant),
    );
  });
}

/** The final rows of a bounded run: nothing moves on to windows that nobody will fill. */
export function evaluateFinal(context: ViewContext, state: KeyState, instant: number): Evaluation {
  const now = evaluateKey(context, state, instant);
  return context.view.features.map((feature, i) => {
    const { window } = feature;
    const current = now[i] ?? { value: null, tolerance: 0 };
    if (window.kind === 'session') return current;
    if (!isAligned(window) || isOpen(window)) return state.newest?.[i] ?? current;
    const taken = takenRecords(state, windowKey(window));
    const ends = taken
      .flatMap((record) => endsOf(window, record.ts).filter((end) => isMember(window, end, record)))
      .filter((end) => end - 1 <= instant);
    const end = Math.max(...ends);
    const held = taken.filter((record) => isMember(window, end, record)).sort(context.order);
    return aggregateOf(feature, i, held);
  });
}

function featureRecords(
  context: ViewContext,
  state: KeyState,
  { window }: FeatureNode,
  instant: number,
): readonly OracleRecord[] {
  const key = windowKey(window);
  if (window.kind === 'session') {
    return [...sessionAt(state.sessions.get(key) ?? [], instant)].sort(context.order);
  }
  return recordsAt(window, takenRecords(state, key), instant, context.order);
}

function aggregateOf(
  feature: FeatureNode,
  index: number,
  records: readonly OracleRecord[],
): Aggregated {
  const counted = records.filter(({ passes }) => passes[index] === true);
  const inputs = counted.map((record) => record.inputs[index] ?? null);
  return aggregate(inputs, {
    times: counted.map(({ ts }) => ts),
    node: feature.aggregate,
    type: feature.aggregate.input?.type ?? null,
    isSketched: feature.window.kind === 'rolling' && feature.window.resolutionMs !== null,
  });
}

/** Values by name: features, then derived features over them. */
export function namedValues(context: ViewContext, evaluation: Evaluation): Record<string, Value> {
  const features = Object.fromEntries(
    context.view.features.map(({ name }, i) => [name, evaluation[i]?.value ?? null] as const),
  );
  const derived = context.view.derived.map(
    ({ name, value }) => [name, evaluate(value, features)] as const,
  );
  return { ...features, ...Object.fromEntries(derived) };
}
