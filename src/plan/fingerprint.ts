// Fingerprints: equal exactly when what is computed is equal. Owners, tags, descriptions, ttl and
// freshness do not count: they change nothing that state holds.
import { createHash } from 'node:crypto';
import type { Field } from '../kernel/types/field-type.ts';
import { encodeJsonValue } from './json/json-value.ts';
import { type OnDemandViewNode, type Plan, streamOf, type ViewNode } from './plan.ts';

/** SHA-256 (hex) of what a view computes: its stream, filters, key, features and emission. */
export function viewFingerprint(plan: Plan, view: ViewNode): string {
  const stream = streamOf(plan, view);
  const read = plan.views.find(({ name }) => name === stream.rowsOf && name !== view.name);
  return digest({
    stream: {
      name: stream.name,
      fields: stream.fields,
      eventTime: stream.eventTime,
      id: stream.idField,
      ...(read === undefined ? {} : { rowsOf: viewFingerprint(plan, read) }),
    },
    view: {
      name: view.name,
      key: view.key,
      from: view.from,
      features: view.features,
      derived: view.derived,
      emit: view.emit,
      decayMs: view.decayMs,
    },
  });
}

/** SHA-256 (hex) of what a view's stored rows look like: names and types of key and features. */
export function rowFingerprint(view: ViewNode): string {
  const shape = ({ name, type, nullable }: Field): Field => ({ name, type, nullable });
  return digest({
    key: view.key.map(shape),
    features: [...view.features, ...view.derived].map(shape),
  });
}

/** SHA-256 (hex) of what a view computes at read time. No part of a plan's: nothing of it is kept. */
export function onDemandFingerprint({ request, from, features }: OnDemandViewNode): string {
  return digest({ request, from, features });
}

/** SHA-256 (hex) of everything that the plan computes ahead of reads. */
export function planFingerprint(plan: Plan): string {
  return digest(plan.views.map((view) => viewFingerprint(plan, view)).sort());
}

function digest(value: unknown): string {
  return createHash('sha256')
    .update(canonicalJson(encodeJsonValue(value)))
    .digest('hex');
}

/** JSON with sorted names, so that the order in which an object was written does not count. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalJson(inner)}`);
  return `{${fields.join(',')}}`;
}
