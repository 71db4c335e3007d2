// Streams of views' rows: what is read exists and does not read itself, and its rows come in order of
// their instants and are never taken back, so that a view over them can trust their watermark.
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatField } from '../../kernel/types/field-type.ts';
import type { Plan, StreamNode, ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';
import { rowFields, rowsId, viewRead } from '../rows-stream.ts';

export function validateRows(plan: Plan, report: Reporter): void {
  for (const stream of plan.streams) {
    if (stream.rowsOf === undefined) continue;
    const view = plan.views.find(({ name }) => name === stream.rowsOf);
    if (view === undefined) {
      const names = plan.views.map(({ name }) => name);
      const message = `there is no view "${stream.rowsOf}"; ${suggestName(stream.rowsOf, names)}`;
      report.error(`${stream.name}.rowsOf`, 'MR_DEFINITION_NAME', message);
      continue;
    }
    validateFields(stream, view, report);
    validateReadView(view, report);
  }
  for (const view of plan.views) {
    if (!readsItself(plan, view)) continue;
    const message = `view "${view.name}" reads its own rows, by way of others`;
    report.error(`${view.name}.from`, 'MR_DEFINITION_INVALID', message, 'read a stream');
  }
}

function validateFields(stream: StreamNode, view: ViewNode, report: Reporter): void {
  const has = stream.fields.map(formatField).join(', ');
  const gives = rowFields(view).map(formatField).join(', ');
  const isSame = has === gives && stream.idField === rowsId(view);
  if (isSame && stream.eventTime.field === 'as_of') return;
  const message = `rows of view "${view.name}" are ${gives}, in order of as_of; not ${has}`;
  report.error(`${stream.name}.schema`, 'MR_DEFINITION_TYPE', message);
}

/** What a view has to be like for its rows to be read. */
function validateReadView(view: ViewNode, report: Reporter): void {
  const { name } = view;
  const fail = (place: string, message: string, fix: string): void =>
    report.error(`${name}.${place}`, 'MR_DEFINITION_LATENESS', message, fix);
  if (view.emit !== 'watermark') {
    const message = `rows of "${name}" are read by another view, and with emit: '${view.emit}' they do not come in order of event time`;
    fail('emit', message, "add emit: 'watermark'");
  }
  if (typeof view.decayMs === 'number') {
    const message = `rows of "${name}" are read by another view, and decay adds rows that no record made`;
    fail('decay', message, "leave it out, or write 'never'");
  }
  for (const { name: feature, window } of view.features) {
    if (!('allowedLatenessMs' in window) || window.allowedLatenessMs === 0) continue;
    const message = `rows of "${name}" are read by another view, and allowedLateness would correct rows that were read`;
    const fix = 'leave it out and give the stream a longer outOfOrderness';
    fail(`features.${feature}.window`, message, fix);
  }
}

function readsItself(plan: Plan, view: ViewNode): boolean {
  const seen = new Set<string>();
  for (let at = viewReadOf(plan, view); at !== null; at = viewReadOf(plan, at)) {
    if (at.name === view.name) return true;
    if (seen.has(at.name)) return false;
    seen.add(at.name);
  }
  return false;
}

/** Null too where the stream is missing, which is said elsewhere. */
function viewReadOf(plan: Plan, view: ViewNode): ViewNode | null {
  let { from } = view;
  while (from.kind === 'filter') from = from.input;
  const { stream } = from;
  return plan.streams.some(({ name }) => name === stream) ? viewRead(plan, view) : null;
}
