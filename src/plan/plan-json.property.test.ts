// Random plans of the test kit: JSON keeps them, validation accepts them, prints do not fail.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '../kernel/types/field-type.ts';
import { anyCase } from '../testing/arbitraries/cases.ts';
import { planFingerprint } from './fingerprint.ts';
import { decodeJsonValue, encodeJsonValue } from './json/json-value.ts';
import { planFromJson, planToJson } from './plan-json.ts';
import { printPlan } from './print-plan.ts';
import { validatePlan } from './validate.ts';

const anyPlan = anyCase({ rowCountMax: 1 }).map(({ plan }) => plan);

const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value; object: Record<string, Value> }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.string(),
      fc.uint8Array(),
      fc.array(tie('value')),
      tie('object'),
    ),
    object: fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('$int64', '$bytes', '$float', '$map', 'toJSON')),
      tie('value'),
      { noNullPrototype: true },
    ),
  }),
).value;

describe('random plans', () => {
  it('come back from JSON equal, with the same fingerprint', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const back = planFromJson(planToJson(plan));
        expect(back).toEqual(plan);
        expect(planFingerprint(back)).toBe(planFingerprint(plan));
      }),
      { numRuns: 200 },
    );
  });

  it('have no problems, and print', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        expect(validatePlan(plan).filter((p) => p.severity === 'error')).toEqual([]);
        for (const feature of plan.views[0]?.features ?? []) {
          expect(printPlan(plan)).toContain(`    ${feature.name} `);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('values of plans as JSON', () => {
  it('come back the same, whatever their names and numbers', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeJsonValue(JSON.parse(JSON.stringify(encodeJsonValue(value))))).toEqual(value);
      }),
    );
  });

  it.each(['{"$int64":5}', '{"$int64":"x"}', '{"$float":"1"}', '{"$bytes":"?"}', '{"$what":1}'])(
    '%s is no value',
    (text) => {
      expect(() => decodeJsonValue(JSON.parse(text))).toThrow('is not a value of a plan');
    },
  );
});
