// What stores are told of a plan's views: enough to keep, explain and refuse their rows.
import { viewFingerprint } from '../plan/fingerprint.ts';
import { type Plan, featureFields } from '../plan/plan.ts';
import type { StoredView } from '../ports/online-store.ts';

export function storedViews(plan: Plan): readonly StoredView[] {
  return plan.views.map((view) => ({
    view: view.name,
    key: view.key.map(({ name, type, nullable }) => ({ name, type, nullable })),
    features: featureFields(view),
    fingerprint: viewFingerprint(plan, view),
  }));
}
