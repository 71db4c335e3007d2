// The plan as JSON and back, unchanged. Text that is no plan of this version, or a plan with
// errors, never comes back as a plan. How values are written is said in `json-value.ts`.
import { MillraceError, ProblemsError } from '../kernel/errors/millrace-error.ts';
import { freezeDeep } from './freeze.ts';
import { decodeJsonValue, encodeJsonValue } from './json/json-value.ts';
import type { Plan } from './plan.ts';
import { planShape } from './json/plan-shape.ts';
import { validatePlan } from './validate.ts';

const fix = 'write it again with this version: millrace plan --json';

/** JSON text of a plan; no digit of an int64 and no byte is lost. `space` as in JSON.stringify. */
export function planToJson(plan: Plan, space?: number): string {
  return JSON.stringify(encodeJsonValue(plan), null, space);
}

/**
 * The plan of a JSON text, checked like one from definitions, and frozen.
 * Errors: MR_PLAN_VERSION for what is no plan of this version; MR_DEFINITION_INVALID for one that
 * is not put together like a plan, and with every problem of one that is.
 */
export function planFromJson(text: string): Plan {
  const value = parse(text);
  const { kind, version } = (value ?? {}) as Partial<Plan>;
  if (kind !== 'plan' || version !== 1) {
    const found = `${kind ?? 'something else'} ${version === undefined ? '' : `of version ${String(version)}`}`;
    const message = `not a plan of version 1 but ${found.trim()}`;
    throw new MillraceError('MR_PLAN_VERSION', message, { fix });
  }
  const misfit = planShape(value, '');
  if (misfit !== null) {
    throw new MillraceError('MR_DEFINITION_INVALID', `this is no plan: ${misfit}`, { fix });
  }
  const plan = value as Plan;
  const problems = validatePlan(plan);
  if (problems.some((p) => p.severity === 'error')) throw new ProblemsError(problems);
  return freezeDeep(plan);
}

function parse(text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MillraceError('MR_PLAN_VERSION', 'the text is not JSON', { cause, fix });
  }
  try {
    return decodeJsonValue(json);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('MR_DEFINITION_INVALID', `this is no plan: ${message}`, { cause, fix });
  }
}
