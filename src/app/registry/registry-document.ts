// The registry: what there is, for people and for other programs, without being able to compute it.
// Made of a plan alone, so that equal definitions give equal bytes; versions count how often a
// definition has changed since the registry was first written.
import { formatField, formatType } from '../../kernel/types/field-type.ts';
import { columnsOf, type Expression } from '../../plan/expression.ts';
import { onDemandFingerprint, viewFingerprint } from '../../plan/fingerprint.ts';
import {
  type DerivedNode,
  type FeatureNode,
  type OnDemandViewNode,
  type Plan,
  predicatesOf,
  type ServiceNode,
  type StreamNode,
  streamOf,
  type ViewNode,
} from '../../plan/plan.ts';
import { formatExpression } from '../../plan/printing/format-expression.ts';
import { formatFeature } from '../../plan/printing/format-feature.ts';

/** The format of the file; a reader of another one refuses it. */
export const registryFormat = 1;

export interface RegistryDocument {
  readonly kind: 'millrace-registry';
  readonly format: typeof registryFormat;
  readonly project: string;
  readonly entities: readonly RegistryEntity[];
  readonly streams: readonly RegistryStream[];
  readonly views: readonly RegistryView[];
  readonly on_demand: readonly RegistryOnDemandView[];
  readonly services: readonly RegistryService[];
  /** Who reads what: `stream:purchases` → `view:user_spend` → `service:fraud`. */
  readonly lineage: readonly LineageEdge[];
}

export interface RegistryEntity {
  readonly name: string;
  readonly key: Readonly<Record<string, string>>;
  readonly description: string | null;
}

export interface RegistryStream {
  readonly name: string;
  /** Types by field; `?` when it may be null. */
  readonly fields: Readonly<Record<string, string>>;
  readonly event_time: string;
  readonly out_of_orderness_ms: number;
  readonly id: string | null;
  readonly description: string | null;
}

export interface RegistryFeature {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** What it is, in words: `sum(amount) over rolling 1h`. */
  readonly computed: string;
  /** Fields of the stream, or features, that it reads. */
  readonly reads: readonly string[];
}

/** What has versions: it changes when what is computed does. */
export interface RegistryVersion {
  readonly version: number;
  readonly fingerprint: string;
  /** Fingerprints of the versions before, the oldest first. */
  readonly earlier: readonly string[];
}

export interface RegistryView extends RegistryVersion {
  readonly name: string;
  readonly entity: string;
  readonly key: Readonly<Record<string, string>>;
  readonly stream: string;
  /** Conditions that a record has to meet. */
  readonly where: readonly string[];
  readonly features: readonly RegistryFeature[];
  readonly emit: string;
  readonly ttl_ms: number | null;
  /** The promise of how fresh rows are. */
  readonly freshness_ms: number | null;
  readonly owner: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
}

export interface RegistryOnDemandView extends RegistryVersion {
  readonly name: string;
  /** Types by name of what a request brings. */
  readonly request: Readonly<Record<string, string>>;
  readonly from: readonly string[];
  readonly features: readonly RegistryFeature[];
  readonly owner: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
}

export interface RegistryService {
  readonly name: string;
  readonly features: readonly string[];
  readonly owner: string | null;
  readonly description: string | null;
}

export interface LineageEdge {
  readonly from: string;
  readonly to: string;
}

/** The registry of definitions; `previous` is what was written before, for the versions. */
export function buildRegistry(
  project: string,
  plan: Plan,
  previous: RegistryDocument | null,
): RegistryDocument {
  const onDemand = plan.onDemand ?? [];
  return {
    kind: 'millrace-registry',
    format: registryFormat,
    project,
    entities: plan.entities.map(({ name, key, description }) => ({
      name,
      key: typesOf(key),
      description,
    })),
    streams: plan.streams.map(streamEntry),
    views: plan.views.map((view) =>
      viewEntry(plan, view, versionOf(viewFingerprint(plan, view), view.name, previous?.views)),
    ),
    on_demand: onDemand.map((view) =>
      onDemandEntry(view, versionOf(onDemandFingerprint(view), view.name, previous?.on_demand)),
    ),
    services: plan.services.map(serviceEntry),
    lineage: lineageOf(plan),
  };
}

function versionOf(
  fingerprint: string,
  name: string,
  known: readonly (RegistryVersion & { readonly name: string })[] = [],
): RegistryVersion {
  const before = known.find((entry) => entry.name === name);
  if (before === undefined) return { version: 1, fingerprint, earlier: [] };
  if (before.fingerprint === fingerprint) {
    const { version, earlier } = before;
    return { version, fingerprint, earlier };
  }
  return {
    version: before.version + 1,
    fingerprint,
    earlier: [...before.earlier, before.fingerprint],
  };
}

type Typed = Pick<FeatureNode, 'name' | 'type' | 'nullable'>;

function typesOf(fields: readonly Typed[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fields.map((field) => [field.name, formatField(field).slice(field.name.length + 1)]),
  );
}

function streamEntry({
  name,
  fields,
  eventTime,
  idField,
  description,
}: StreamNode): RegistryStream {
  return {
    name,
    fields: typesOf(fields),
    event_time: eventTime.field,
    out_of_orderness_ms: eventTime.outOfOrdernessMs,
    id: idField,
    description,
  };
}

function viewEntry(plan: Plan, view: ViewNode, version: RegistryVersion): RegistryView {
  return {
    name: view.name,
    ...version,
    entity: view.entity,
    key: typesOf(view.key),
    stream: streamOf(plan, view).name,
    where: predicatesOf(view).map(formatExpression),
    features: [...view.features.map(featureEntry), ...view.derived.map(computedEntry)],
    emit: view.emit,
    ttl_ms: view.ttlMs,
    freshness_ms: view.freshnessMs,
    owner: view.owner,
    description: view.description,
    tags: view.tags,
  };
}

function featureEntry(feature: FeatureNode): RegistryFeature {
  const { input, where } = feature.aggregate;
  const reads = new Set<string>();
  if (input !== null) columnsOf(input, reads);
  if (where !== null) columnsOf(where, reads);
  return { ...shapeOf(feature), computed: formatFeature(feature), reads: [...reads] };
}

function computedEntry(node: Typed & { readonly value: Expression }): RegistryFeature {
  return {
    ...shapeOf(node),
    computed: formatExpression(node.value),
    reads: [...columnsOf(node.value)],
  };
}

function shapeOf({
  name,
  type,
  nullable,
}: Typed | DerivedNode): Pick<RegistryFeature, 'name' | 'type' | 'nullable'> {
  return { name, type: formatType(type), nullable };
}

function onDemandEntry(view: OnDemandViewNode, version: RegistryVersion): RegistryOnDemandView {
  const { name, request, from, features, owner, description, tags } = view;
  return {
    name,
    ...version,
    request: typesOf(request),
    from,
    features: features.map(computedEntry),
    owner,
    description,
    tags,
  };
}

function serviceEntry({ name, features, owner, description }: ServiceNode): RegistryService {
  return {
    name,
    features: features.map(({ view, feature }) => `${view}:${feature}`),
    owner,
    description,
  };
}

function lineageOf(plan: Plan): readonly LineageEdge[] {
  const onDemand = plan.onDemand ?? [];
  const computed = new Set(onDemand.map(({ name }) => name));
  const placeOf = (view: string): string => `${computed.has(view) ? 'on_demand' : 'view'}:${view}`;
  return [
    ...plan.views.map((view) => ({
      from: `stream:${streamOf(plan, view).name}`,
      to: `view:${view.name}`,
    })),
    ...onDemand.flatMap(({ name, from }) =>
      from.map((view) => ({ from: `view:${view}`, to: `on_demand:${name}` })),
    ),
    ...plan.services.flatMap(({ name, features }) =>
      [...new Set(features.map(({ view }) => view))].map((view) => ({
        from: placeOf(view),
        to: `service:${name}`,
      })),
    ),
  ];
}
