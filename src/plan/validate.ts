// Finds every problem of a plan at once: names, references, types, windows, time. Pure: no I/O.
// A plan may come from definitions or from JSON, so nothing is taken for granted here.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';
import type { Problem } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import type { Plan, ServiceNode } from './plan.ts';
import { validateNames } from './validate-names.ts';
import { validateStream } from './validate-stream.ts';
import { validateView } from './validate-view.ts';

/** Collects problems; `at` fixes the place. */
export interface Reporter {
  error(path: string, code: ErrorCode, message: string, fix?: string): void;
  warn(path: string, code: ErrorCode, message: string, fix?: string): void;
}

/** Every problem, errors first; no errors means that engines accept the plan. */
export function validatePlan(plan: Plan): readonly Problem[] {
  const problems: Problem[] = [];
  const add =
    (severity: Problem['severity']) =>
    (path: string, code: ErrorCode, message: string, fix?: string): void => {
      problems.push({ severity, code, path, message, ...(fix === undefined ? {} : { fix }) });
    };
  const report: Reporter = { error: add('error'), warn: add('warning') };
  validateNames(plan, report);
  for (const stream of plan.streams) validateStream(stream, report);
  for (const view of plan.views) validateView(plan, view, report);
  for (const service of plan.services) validateService(plan, service, report);
  return problems.sort(
    (a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'),
  );
}

function validateService(plan: Plan, service: ServiceNode, report: Reporter): void {
  for (const { view: viewName, feature } of service.features) {
    const path = `${service.name}.features.${viewName}:${feature}`;
    const view = plan.views.find((v) => v.name === viewName);
    if (view === undefined) {
      const hint = suggestName(
        viewName,
        plan.views.map((v) => v.name),
      );
      report.error(path, 'MR_DEFINITION_NAME', `there is no view "${viewName}"; ${hint}`);
      continue;
    }
    const names = [...view.features, ...view.derived].map((f) => f.name);
    if (!names.includes(feature)) {
      const hint = suggestName(feature, names);
      report.error(
        path,
        'MR_DEFINITION_UNKNOWN_FIELD',
        `view "${viewName}" has no feature "${feature}"; ${hint}`,
      );
    }
  }
}
