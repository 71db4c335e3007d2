// Feature logs with given rows, for tests: what a job would have written.
import type { Plan } from '../../src/plan/plan.ts';
import { vectorsOfRows } from '../../src/app/late-records/vectors-of-rows.ts';
import { storedViews } from '../../src/app/stored-views.ts';
import { encodeKey } from '../../src/kernel/key-encoding.ts';
import type { Value } from '../../src/kernel/types/field-type.ts';
import { featureFields, type ViewNode } from '../../src/plan/plan.ts';
import type { FeatureLogBinding } from '../../src/ports/feature-log.ts';

export interface LoggedRow {
  readonly key: Readonly<Record<string, Value>>;
  readonly asOfMs: number;
  /** Default: `asOfMs`. */
  readonly eventTimeMs?: number;
  /** Default: `asOfMs`. */
  readonly arrivalMs?: number;
  readonly seq: number;
  readonly values: Readonly<Record<string, Value>>;
}

export interface LogPlace {
  readonly offline: FeatureLogBinding;
  readonly baseDirectory: string;
  readonly plan: Plan;
}

/** Appends rows to the log of a view as one commit. */
export async function writeLog(
  { offline, baseDirectory, plan }: LogPlace,
  viewName: string,
  rows: readonly LoggedRow[],
): Promise<void> {
  const view = plan.views.find(({ name }) => name === viewName) as ViewNode;
  const log = await offline.open({ baseDirectory, views: storedViews(plan) });
  for (const { key, asOfMs, seq, values, eventTimeMs = asOfMs, arrivalMs = asOfMs } of rows) {
    const text = Buffer.from(encodeKey(view.key, key)).toString('latin1');
    const inOrder = featureFields(view).map(({ name }) => values[name] ?? null);
    const row = { key: text, eventTimeMs, asOfMs, seq, values: inOrder };
    await log.append(vectorsOfRows(view, [row], arrivalMs));
  }
  await log.commit();
  await log.close();
}
