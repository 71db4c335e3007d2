// The plan for people: what is read, what is computed, when it appears, what it keeps.
import { formatDuration } from '../kernel/duration.ts';
import { formatField, formatType } from '../kernel/types/field-type.ts';
import { viewFingerprint } from './fingerprint.ts';
import {
  type FeatureNode,
  type Plan,
  predicatesOf,
  type StreamNode,
  streamOf,
  type ViewNode,
} from './plan.ts';
import { printAggregate, printExpression, printWindow } from './print-expression.ts';
import type { WindowNode } from './window.ts';

/** Several lines of text, ending without a line feed. */
export function printPlan(plan: Plan): string {
  const services = plan.services.map(
    (s) =>
      `service ${s.name}\n  reads ${s.features.map((f) => `${f.view}:${f.feature}`).join(', ')}`,
  );
  return [
    ...plan.streams.map(printStream),
    ...plan.views.map((v) => printView(plan, v)),
    ...services,
  ].join('\n\n');
}

function printStream(stream: StreamNode): string {
  const { eventTime } = stream;
  const rules = [
    `out of order up to ${formatDuration(eventTime.outOfOrdernessMs)}`,
    eventTime.idleTimeoutMs === null
      ? 'never idle'
      : `idle after ${formatDuration(eventTime.idleTimeoutMs)}`,
    eventTime.maxAheadMs === null
      ? 'no limit ahead'
      : `at most ${formatDuration(eventTime.maxAheadMs)} ahead`,
  ];
  return [
    `stream ${stream.name}`,
    `  fields      ${stream.fields.map(formatField).join(', ')}`,
    `  event time  ${eventTime.field}, ${rules.join(', ')}`,
    ...(stream.idField === null ? [] : [`  id          ${stream.idField} (breaks ties)`]),
  ].join('\n');
}

function printView(plan: Plan, view: ViewNode): string {
  const lines = [
    `view ${view.name}`,
    `  from        ${streamOf(plan, view).name}${printFilters(view)}`,
    `  key         ${view.entity}: ${view.key.map(printKey).join(', ') || 'one group'}`,
    `  emit        ${printEmission(view)}`,
    `  ttl         ${view.ttlMs === null ? 'never expires' : formatDuration(view.ttlMs)}`,
    '  features',
    ...printFeatures(view),
    `  fingerprint ${viewFingerprint(plan, view).slice(0, 16)}`,
  ];
  if (view.freshnessMs !== null)
    lines.splice(5, 0, `  freshness   ${formatDuration(view.freshnessMs)}`);
  return lines.join('\n');
}

function printFilters(view: ViewNode): string {
  const predicates = predicatesOf(view).map(printExpression);
  return predicates.length === 0 ? '' : ` where ${predicates.join(' and ')}`;
}

function printKey(part: ViewNode['key'][number]): string {
  const expression = printExpression(part.value);
  return expression === part.name ? part.name : `${part.name} = ${expression}`;
}

function printEmission(view: ViewNode): string {
  if (view.emit === 'watermark')
    return 'watermark: in event-time order, when the watermark has passed';
  if (view.decayMs === null) return 'arrival: each record at once, no decay';
  const decay = view.decayMs === 'default' ? 'a 60th of each window' : formatDuration(view.decayMs);
  return `arrival: each record at once, decay within ${decay}`;
}

function printFeatures(view: ViewNode): readonly string[] {
  const rows = view.features.map((f) => [
    f.name,
    formatType(f.type),
    describe(f),
    stateOf(f.window),
  ]);
  for (const d of view.derived)
    rows.push([d.name, formatType(d.type), printExpression(d.value), 'none']);
  const width = (i: number): number => Math.max(...rows.map((row) => (row[i] ?? '').length));
  const widths = [width(0), width(1), width(2)];
  return rows.map((row) =>
    `    ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  );
}

function describe(feature: FeatureNode): string {
  return `${printAggregate(feature.aggregate)} over ${printWindow(feature.window)}`;
}

function stateOf(window: WindowNode): string {
  switch (window.kind) {
    case 'rolling':
      return window.resolutionMs === null
        ? 'keeps the records of the window'
        : `keeps ${window.sizeMs / window.resolutionMs + 1} slots`;
    case 'rollingRows':
      return `keeps ${window.rows} records`;
    case 'lifetime':
      return 'keeps one accumulator, for ever';
    case 'tumbling':
      return 'keeps open and last window';
    case 'hopping':
      return `keeps ${window.sizeMs / window.everyMs + 1} panes`;
    case 'cumulate':
      return `keeps ${window.sizeMs / window.stepMs} panes`;
    case 'session':
      return 'keeps open and last session';
  }
}
