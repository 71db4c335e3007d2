// A random case: a view, rows in delivery order over one to three splits, how it ends. Built so that
// it shrinks to few features and few rows.
import fc from 'fast-check';
import type { Value } from '../../kernel/types/field-type.ts';
import type { FeatureNode, Plan, ViewNode } from '../../plan/plan.ts';
import { deliver, type DeliveryStep } from '../oracle/delivery.ts';
import { singleViewPlan } from '../plan-nodes.ts';
import { anyPredicate } from './expressions.ts';
import { lengths } from './windows.ts';
import { derivedOf, featuresOf } from './features.ts';
import { allCaseFields, type CaseField, caseValues } from './fields.ts';

export interface RandomCase {
  readonly plan: Plan;
  readonly steps: readonly DeliveryStep[];
  readonly splitCount: number;
}

export interface CaseOptions {
  readonly emit?: ViewNode['emit'];
  /** Fixes decay; otherwise the default, none, or an interval. */
  readonly decayMs?: ViewNode['decayMs'];
  /** `late` (the default): any disorder. `withinBound`: every row is less than outOfOrderness behind its split. */
  readonly disorder?: 'late' | 'withinBound';
  /** True: ids are unique, so that ties never depend on arrival. */
  readonly hasUniqueIds?: boolean;
  readonly rowCountMax?: number;
}

const keys: readonly (readonly CaseField[])[] = [
  ['k'],
  ['k'],
  ['g'],
  ['k', 'g'],
  ['d', 'flag'],
  [],
];
const units = [1, 1, 50];
/** Event times are multiples of this within bounds, and session gaps are not: sessions never just touch. */
const oddGapUnit = 50;

interface RowChoice {
  readonly split: number;
  /** How far the clock of the events moves on, and how far this row is behind it, in units. */
  readonly step: number;
  readonly behind: number;
  /** Milliseconds more, where a unit is longer than that. */
  readonly jitter: number;
  readonly id: number;
  readonly values: Readonly<Record<string, Value>>;
}

const rowChoice: fc.Arbitrary<RowChoice> = fc.record({
  split: fc.nat(2),
  step: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 8, 30),
  behind: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.constantFrom(...lengths) },
  ),
  jitter: fc.constantFrom(0, 0, 0, 0, 1, -1),
  id: fc.nat(3),
  values: fc.record(caseValues),
});

interface Setting {
  /** Many records of few keys in few milliseconds, much of it late: borders of lateness. */
  readonly isDense: boolean;
  readonly unit: number;
  readonly delay: number;
  readonly start: number;
  readonly splitCount: number;
  readonly key: readonly CaseField[];
  readonly hasId: boolean;
  readonly emit: ViewNode['emit'];
  readonly decay: number | 'default' | null;
  readonly derived: number;
  readonly isEnded: boolean;
  readonly idleAt: number | null;
}

function settingOf(options: CaseOptions): fc.Arbitrary<Setting> {
  const isBounded = options.disorder === 'withinBound';
  return fc.record({
    isDense: fc.boolean(),
    unit: isBounded ? fc.constant(oddGapUnit) : fc.constantFrom(...units),
    delay: isBounded ? fc.constantFrom(1, 4, 20) : fc.constantFrom(0, 1, 4, 20),
    start: fc.constantFrom(1000, 1000, 1_700_000_000_000, isBounded ? 1000 : -40),
    splitCount: fc.constantFrom(1, 1, 2, 3),
    key: fc.constantFrom(...keys),
    hasId: fc.boolean(),
    emit: options.emit === undefined ? emitModes : fc.constant(options.emit),
    decay: fc.constantFrom<Setting['decay']>('default', null, 1, 7, 25),
    derived: fc.nat(3),
    isEnded: fc.constantFrom(true, true, true, false),
    idleAt: fc.option(fc.nat(200), { freq: 7 }),
  });
}

const emitModes = fc.constantFrom<ViewNode['emit']>('arrival', 'watermark');

/** Random cases. Equal seeds give equal cases. */
export function anyCase(options: CaseOptions = {}): fc.Arbitrary<RandomCase> {
  return settingOf(options).chain((setting) =>
    fc
      .record({
        features: featuresOf(setting.unit, setting.isDense),
        predicate: fc.option(anyPredicate, { freq: 4 }),
        rows: fc.array(rowChoice, rowCountOf(options)),
      })
      .map(({ features, predicate, rows }) => {
        const { unit, decay } = setting;
        const isInterval = typeof decay === 'number';
        const plan = singleViewPlan({
          fields: allCaseFields,
          eventTime: { field: 'ts', outOfOrdernessMs: setting.delay * unit },
          idField: setting.hasId || options.hasUniqueIds === true ? 'id' : null,
          key: setting.isDense ? ['g'] : setting.key,
          predicate,
          features: options.disorder === 'withinBound' ? features.map(withOddGap) : features,
          derived: derivedOf(features, setting.derived),
          emit: setting.emit,
          decayMs:
            options.decayMs !== undefined ? options.decayMs : isInterval ? decay * unit : decay,
        });
        return { plan, steps: stepsOf(setting, rows, options), splitCount: setting.splitCount };
      }),
  );
}

/** A maximum that is asked for is meant: lengths up to it are equally likely. */
function rowCountOf({ rowCountMax }: CaseOptions): fc.ArrayConstraints {
  if (rowCountMax === undefined) return { minLength: 1, maxLength: 50 };
  return { minLength: 1, maxLength: rowCountMax, size: 'max' };
}

/** Whether sessions that exactly touch merge depends on the interleaving of splits, in Flink too. */
function withOddGap(feature: FeatureNode): FeatureNode {
  const { window } = feature;
  if (window.kind !== 'session') return feature;
  return { ...feature, window: { ...window, gapMs: window.gapMs + oddGapUnit / 2 } };
}

function stepsOf(
  setting: Setting,
  rows: readonly RowChoice[],
  options: CaseOptions,
): readonly DeliveryStep[] {
  const { unit, splitCount, isDense } = setting;
  const isBounded = options.disorder === 'withinBound';
  let clock = setting.start;
  const delivered = rows.map((choice, offset) => {
    clock += (isDense ? choice.step % 3 : choice.step) * unit;
    const jitter = unit === 1 || isBounded ? 0 : choice.jitter;
    const behindMax = isBounded ? Math.max(1, setting.delay) : isDense ? 6 : 1000;
    const behind = choice.behind % behindMax;
    const id = options.hasUniqueIds === true ? `${choice.id}${offset}` : idOf(choice.id);
    return {
      split: choice.split % splitCount,
      offset,
      row: { ...choice.values, id, ts: clock - behind * unit + jitter },
      arrivalMs: setting.start + offset,
    };
  });
  const steps = [...deliver(delivered, { splitCount, ended: setting.isEnded })];
  if (setting.idleAt !== null && !isBounded) {
    const at = Math.min(setting.idleAt, delivered.length);
    const until = (delivered[at - 1]?.row.ts ?? setting.start) + setting.idleAt * unit;
    steps.splice(at, 0, { kind: 'idle', nowMs: until });
  }
  return steps;
}

function idOf(choice: number): string | null {
  return ['a', 'b', '\u{1f600}', null][choice] ?? null;
}
