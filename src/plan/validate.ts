// Finds every problem of a plan at once: names, references, types, windows, time. Pure: no I/O.
// A plan may come from definitions or from JSON, so no type, name or number in it is taken for
// granted; only its shape is (`plan-shape.ts`).
import type { Problem } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import type { Plan, ServiceNode } from './plan.ts';
import { collectingReporter, type Reporter } from './reporter.ts';
import { validateEntity } from './validation/validate-key.ts';
import { validateNames } from './validation/validate-names.ts';
import { validateOnDemand } from './validation/validate-on-demand.ts';
import { validateStream } from './validation/validate-stream.ts';
import { validateRows } from './validation/validate-rows.ts';
import { validateView } from './validation/validate-view.ts';

/** Every problem, errors first; no errors means that engines accept the plan. */
export function validatePlan(plan: Plan): readonly Problem[] {
  const problems: Problem[] = [];
  const report = collectingReporter(problems);
  validateNames(plan, report);
  for (const entity of plan.entities) validateEntity(entity, report);
  for (const stream of plan.streams) {
    if (stream.rowsOf === undefined) validateStream(stream, report);
  }
  validateRows(plan, report);
  for (const view of plan.views) validateView(plan, view, report);
  for (const view of plan.onDemand ?? []) validateOnDemand(plan, view, report);
  for (const service of plan.services) validateService(plan, service, report);
  return problems.sort(
    (a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'),
  );
}

function validateService(plan: Plan, service: ServiceNode, report: Reporter): void {
  if (service.features.length === 0) {
    const message = `service "${service.name}" serves nothing`;
    report.error(`${service.name}.features`, 'MR_DEFINITION_INVALID', message, 'name a view');
  }
  for (const { view: viewName, feature } of service.features) {
    const path = `${service.name}.features.${viewName}:${feature}`;
    const view = plan.views.find((v) => v.name === viewName);
    const onDemand = plan.onDemand?.find((v) => v.name === viewName);
    const features = [...(view?.features ?? []), ...(view?.derived ?? [])];
    const names = [...features, ...(onDemand?.features ?? [])].map((f) => f.name);
    if (view === undefined && onDemand === undefined) {
      const views = [...plan.views, ...(plan.onDemand ?? [])].map((v) => v.name);
      const message = `there is no view "${viewName}"; ${suggestName(viewName, views)}`;
      report.error(path, 'MR_DEFINITION_NAME', message);
    } else if (!names.includes(feature)) {
      const message = `view "${viewName}" has no feature "${feature}"`;
      const hint = suggestName(feature, names);
      report.error(path, 'MR_DEFINITION_UNKNOWN_FIELD', `${message}; ${hint}`);
    }
  }
  warnOfEqualNames(service, report);
}

/** Two equal short names can only be read with the view's name in front. */
function warnOfEqualNames(service: ServiceNode, report: Reporter): void {
  const byFeature = Map.groupBy(service.features, ({ feature }) => feature);
  for (const [feature, refs] of byFeature) {
    const views = [...new Set(refs.map(({ view }) => view))];
    if (views.length < 2) continue;
    report.warn(
      `${service.name}.features`,
      'MR_DEFINITION_DUPLICATE',
      `"${feature}" is a feature of ${views.join(' and ')}: it can only be read by its full name`,
      'rename one of them, or ask with full_feature_names',
    );
  }
}
