// The plan as JSON and back, unchanged. JSON has no 64-bit integers and no bytes: those literals
// are written as `{ "$int64": "…" }` and `{ "$bytes": "base64" }`.
import { MillraceError, ProblemsError } from '../kernel/errors/millrace-error.ts';
import { freezeDeep } from './freeze.ts';
import type { Plan } from './plan.ts';
import { validatePlan } from './validate.ts';

/** JSON text of a plan; `space` as in JSON.stringify. */
export function planToJson(plan: Plan, space?: number): string {
  return JSON.stringify(plan, (_key, value: unknown) => tagValue(value), space);
}

/** The plan of a JSON text. Errors: MR_PLAN_VERSION for what is no plan of this version, MR_DEFINITION_INVALID with every problem. */
export function planFromJson(text: string): Plan {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, (_key, value: unknown) => untagValue(value));
  } catch (cause) {
    throw new MillraceError('MR_PLAN_VERSION', 'the text is not JSON', { cause });
  }
  const plan = parsed as Partial<Plan> | null;
  if (plan?.kind !== 'plan' || plan.version !== 1) {
    throw new MillraceError('MR_PLAN_VERSION', `not a plan of version 1 but ${describe(plan)}`, {
      fix: 'write it again with this version: millrace plan --json',
    });
  }
  const problems = validatePlan(plan as Plan);
  if (problems.some((p) => p.severity === 'error')) throw new ProblemsError(problems);
  return freezeDeep(plan as Plan);
}

function describe(plan: Partial<Plan> | null): string {
  return `${plan?.kind ?? 'something else'} ${plan?.version === undefined ? '' : `of version ${String(plan.version)}`}`.trim();
}

function tagValue(value: unknown): unknown {
  if (typeof value === 'bigint') return { $int64: String(value) };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  return value;
}

function untagValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$int64' in value && typeof value.$int64 === 'string') return BigInt(value.$int64);
  if ('$bytes' in value && typeof value.$bytes === 'string') {
    return new Uint8Array(Buffer.from(value.$bytes, 'base64'));
  }
  return value;
}
