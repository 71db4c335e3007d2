// A plan as text for people: what is read, what is computed for whom, when rows appear, what is
// late, what is kept. Equal plans print equally; nothing parses the text.
import { formatDuration } from '../kernel/duration.ts';
import { formatField, formatType } from '../kernel/types/field-type.ts';
import { onDemandFingerprint, planFingerprint, viewFingerprint } from './fingerprint.ts';
import { formatExpression } from './printing/format-expression.ts';
import { formatFeature, formatFeatureType } from './printing/format-feature.ts';
import { type Plan, predicatesOf, type ServiceNode, type StreamNode, streamOf } from './plan.ts';
import type { DerivedNode, OnDemandViewNode, ViewNode } from './plan.ts';
import type { WindowKind } from './window.ts';
import { stateNotes } from './printing/state-notes.ts';

const labelWidth = 11;

/** The plan as several lines of text, without a line break at the end. */
export function printPlan(plan: Plan): string {
  const features = plan.views.reduce((n, v) => n + v.features.length + v.derived.length, 0);
  const head = [
    `plan: ${countOf(plan.streams.length, 'stream')}, ${countOf(plan.views.length, 'view')}, ${countOf(features, 'feature')}`,
    `fingerprint ${planFingerprint(plan).slice(0, 16)}`,
  ];
  const parts = [
    head,
    ...plan.streams.map(streamLines),
    ...plan.views.map((view) => viewLines(plan, view)),
    ...(plan.onDemand ?? []).map(onDemandLines),
    ...plan.services.map(serviceLines),
  ];
  return parts.map((lines) => lines.join('\n')).join('\n\n');
}

function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function labelled(label: string, text: string): string {
  return `  ${label.padEnd(labelWidth)} ${text}`;
}

function several(label: string, texts: readonly string[]): readonly string[] {
  return texts.map((text, i) => labelled(i === 0 ? label : '', text));
}

function streamLines(stream: StreamNode): string[] {
  const { eventTime } = stream;
  const time = [
    `${eventTime.field}, out of order up to ${formatDuration(eventTime.outOfOrdernessMs)}`,
    optional('a silent split holds nothing back after', eventTime.idleTimeoutMs),
    optional('refused when further ahead than', eventTime.maxAheadMs),
    optional('a split waits when further ahead of others than', eventTime.maxDriftMs),
  ].filter((text) => text !== '');
  return [
    title(`stream ${stream.name}`, stream.description),
    labelled('event time', time.join('; ')),
    labelled('ties', stream.idField === null ? 'in order of arrival' : `by ${stream.idField}`),
    labelled('fields', stream.fields.map(formatField).join(', ')),
  ];
}

function optional(words: string, ms: number | null): string {
  return ms === null ? '' : `${words} ${formatDuration(ms)}`;
}

function title(name: string, description: string | null): string {
  return description === null ? name : `${name}: ${description}`;
}

function viewLines(plan: Plan, view: ViewNode): string[] {
  const predicates = predicatesOf(view).map(formatExpression);
  const where = predicates.length === 0 ? '' : ` where ${predicates.join(' and ')}`;
  return [
    title(`view ${view.name}`, view.description),
    labelled('key', keyText(view)),
    labelled('reads', streamOf(plan, view).name + where),
    labelled('emits', emitText(view)),
    ...decayText(view).map((text) => labelled('decay', text)),
    ...several('late', lateRules(view)),
    ...expiryText(view).map((text) => labelled('expires', text)),
    ...several('keeps', stateNotes(view)),
    ...ownerText(view).map((text) => labelled('owner', text)),
    labelled('fingerprint', viewFingerprint(plan, view).slice(0, 16)),
    labelled('features', ''),
    ...featureLines(view),
  ].map((line) => line.trimEnd());
}

function keyText(view: ViewNode): string {
  const parts = view.key.map(({ name, type, value }) => {
    const isSame = value.kind === 'column' && value.name === name;
    return `${name} ${formatType(type)}${isSame ? '' : ` = ${formatExpression(value)}`}`;
  });
  return `${parts.join(', ') || 'none: one group of everything'} (entity ${view.entity})`;
}

function emitText(view: ViewNode): string {
  return view.emit === 'arrival'
    ? 'on arrival: each record updates its key at once'
    : 'at the watermark: in order of event time, one row per record';
}

function decayText(view: ViewNode): readonly string[] {
  const rolls = view.features.some((f) => f.window.kind === 'rolling');
  if (!rolls) return [];
  if (view.decayMs === null) return ['never: values change with records only'];
  if (view.decayMs !== 'default') {
    return [`within ${formatDuration(view.decayMs)} after records leave a window`];
  }
  return view.emit === 'arrival'
    ? ['within 1/60 of the window (1s at least) after records leave it']
    : ['never: values change with records only'];
}

/** When a record is too late for a window; where it goes then. */
function lateRules(view: ViewNode): readonly string[] {
  const kinds = new Set<WindowKind>(view.features.map((f) => f.window.kind));
  const rolls = (['rolling', 'rollingRows', 'lifetime'] as const).some((kind) => kinds.has(kind));
  const ends = (['tumbling', 'hopping', 'cumulate', 'session'] as const).some((kind) =>
    kinds.has(kind),
  );
  const rolling =
    view.emit === 'arrival'
      ? 'rolling: a record that has already left the window'
      : 'rolling: a record at or before the last row of its key';
  return [
    ...(rolls ? [rolling] : []),
    ...(ends ? ['others: a record whose windows, and their allowed lateness, are over'] : []),
    'late records are counted and kept apart, with the features that missed them',
  ];
}

function expiryText(view: ViewNode): readonly string[] {
  if (view.ttlMs === null) return [];
  return [`${formatDuration(view.ttlMs)} after the last event of a key`];
}

function ownerText(view: Pick<ViewNode, 'owner' | 'tags'>): readonly string[] {
  const tags = view.tags.length === 0 ? '' : ` [${view.tags.join(', ')}]`;
  const text = `${view.owner ?? ''}${tags}`.trim();
  return text === '' ? [] : [text];
}

function featureLines(view: ViewNode): string[] {
  return alignedRows([
    ...view.features.map((f) => [f.name, formatFeatureType(f), formatFeature(f)] as const),
    ...view.derived.map(computedRow),
  ]);
}

function computedRow(d: Pick<DerivedNode, 'name' | 'type' | 'nullable' | 'value'>): FeatureRow {
  return [d.name, formatFeatureType(d), `= ${formatExpression(d.value)}`];
}

/** Name, type, and what is computed. */
type FeatureRow = readonly [string, string, string];

function alignedRows(rows: readonly FeatureRow[]): string[] {
  const nameWidth = Math.max(0, ...rows.map(([name]) => name.length));
  const typeWidth = Math.max(0, ...rows.map(([, type]) => type.length));
  return rows.map(
    ([name, type, text]) => `    ${name.padEnd(nameWidth)}  ${type.padEnd(typeWidth)}  ${text}`,
  );
}

function onDemandLines(view: OnDemandViewNode): string[] {
  return [
    title(`on-demand view ${view.name}`, view.description),
    labelled('request', view.request.map(formatField).join(', ') || 'nothing'),
    labelled('reads', view.from.join(', ') || 'no view'),
    labelled('keeps', 'nothing: computed when it is read'),
    ...ownerText(view).map((text) => labelled('owner', text)),
    labelled('fingerprint', onDemandFingerprint(view).slice(0, 16)),
    labelled('features', ''),
    ...alignedRows(view.features.map(computedRow)),
  ].map((line) => line.trimEnd());
}

function serviceLines(service: ServiceNode): string[] {
  const names = service.features.map(({ view, feature }) => `${view}:${feature}`);
  return [
    title(`service ${service.name}`, service.description),
    labelled('serves', names.join(', ')),
  ];
}
