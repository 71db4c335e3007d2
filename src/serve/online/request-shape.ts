// What a request asks for, resolved once per shape and cached: which views, which features in which
// order, which join keys, what is computed of what, and the bytes that open the answer. Only values differ between requests of
// a shape.
import type { Field } from '../../kernel/types/field-type.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Asked, OnlineRequest } from './parse-request.ts';
import {
  emptyEntities,
  malformedReference,
  missingKeys,
  missingRequestData,
  nameCollision,
  noFeatures,
  unknownFeature,
  unknownService,
  unknownView,
} from './request-problems.ts';
import type { ServedCatalogue } from '../read/served-catalogue.ts';
import { namesOfViews } from '../read/served-catalogue.ts';
import type { ServedOnDemand } from '../read/on-demand-view.ts';
import type { ServedRowFields, ServedView } from '../read/served-view.ts';

/** One feature of the answer. */
export interface ShapeOutput {
  /** Place of its view in `views`, or behind them in `computed`. */
  readonly viewIndex: number;
  readonly featureIndex: number;
}

export interface ShapeJoinKey {
  /** Name of the request's column: the join key, or its entity. */
  readonly column: string;
  readonly field: Field;
}

export interface ShapeView {
  readonly view: ServedView;
  /** Places in `joinKeys` of the key's parts; null when the request lacks one: nothing is found then. */
  readonly keyColumns: readonly number[] | null;
}

/** A view that is computed for the request. */
export interface ShapeComputed {
  readonly view: ServedOnDemand;
  /** Places in `views` of its sources. */
  readonly sources: readonly number[];
}

export interface RequestShape {
  /** Names of the views that features are asked of. */
  readonly asked: readonly string[];
  readonly joinKeys: readonly ShapeJoinKey[];
  /** Stored views that are read: asked for, or for what is computed. */
  readonly views: readonly ShapeView[];
  readonly computed: readonly ShapeComputed[];
  /** Columns of the request that something is computed of. */
  readonly requestFields: readonly Field[];
  readonly outputs: readonly ShapeOutput[];
  /** Names as the answer has them: join keys, then features. */
  readonly names: readonly string[];
}

interface Reference {
  readonly view: ServedView | ServedOnDemand;
  readonly feature: string;
  readonly index: number;
}

/** Resolves names; throws RequestFailure for what the plan does not have. */
export function resolveShape(
  catalogue: ServedCatalogue,
  project: string,
  request: OnlineRequest,
): RequestShape {
  const references = referencesOf(catalogue, project, request);
  const names = references.map(({ view, feature }) =>
    request.asked.fullNames ? `${view.name}__${feature}` : feature,
  );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw nameCollision(twice, request.asked.fullNames);
  const joinKeys = joinKeysOf(catalogue, request);
  const asked = [...new Set(references.map(({ view }) => view))];
  const computed = asked.filter(isComputed);
  const stored = asked.filter((view): view is ServedView => !isComputed(view));
  const views = [...new Set([...stored, ...computed.flatMap(({ sources }) => sources)])];
  checkKeys(catalogue, request, views, joinKeys);
  checkRequestData(request, computed);
  const all: readonly ServedRowFields[] = [...views, ...computed];
  return {
    asked: asked.map(({ name }) => name),
    joinKeys,
    views: views.map((view) => ({ view, keyColumns: keyColumnsOf(view, joinKeys) })),
    computed: computed.map((view) => ({
      view,
      sources: view.sources.map((source) => views.indexOf(source)),
    })),
    requestFields: computed.flatMap(({ node }) => node.request),
    outputs: references.map(({ view, index }) => ({
      viewIndex: all.indexOf(view),
      featureIndex: index,
    })),
    names: [...joinKeys.map(({ field }) => field.name), ...names],
  };
}

function referencesOf(
  catalogue: ServedCatalogue,
  project: string,
  request: OnlineRequest,
): readonly Reference[] {
  if (request.asked.service !== null) {
    const service = catalogue.services.get(request.asked.service);
    if (service === undefined) {
      const fix = suggestName(request.asked.service, [...catalogue.services.keys()]);
      throw unknownService(request.asked.service, project, fix);
    }
    return service.features.map(({ view, feature }, i) =>
      referenceOf(catalogue, project, { view, feature, where: `${service.name}[${i}]` }),
    );
  }
  if (request.asked.features === null || request.asked.features.length === 0) throw noFeatures();
  return request.asked.features.map((text, i) => {
    const where = `features[${i}]`;
    const [view, feature, ...more] = text.split(':');
    if (!view || !feature || more.length > 0) throw malformedReference(text, where);
    return referenceOf(catalogue, project, { view, feature, where });
  });
}

function referenceOf(
  catalogue: ServedCatalogue,
  project: string,
  name: { readonly view: string; readonly feature: string; readonly where: string },
): Reference {
  const view = catalogue.views.get(name.view) ?? catalogue.onDemand.get(name.view);
  if (view === undefined) {
    const fix = suggestName(name.view, namesOfViews(catalogue));
    throw unknownView(name.view, project, name.where, fix);
  }
  const index = view.indexOf.get(name.feature);
  if (index === undefined) {
    const fix = suggestName(name.feature, [...view.indexOf.keys()]);
    throw unknownFeature(name.view, name.feature, name.where, fix);
  }
  return { view, feature: name.feature, index };
}

/** Columns of the request that are join keys (or entities) of the plan; others are ignored. */
function joinKeysOf(catalogue: ServedCatalogue, request: OnlineRequest): readonly ShapeJoinKey[] {
  const joinKeys: ShapeJoinKey[] = [];
  for (const column of request.entities.keys()) {
    const name = catalogue.joinKeys.has(column) ? column : catalogue.joinKeyOfEntity.get(column);
    const field = name === undefined ? undefined : catalogue.joinKeys.get(name);
    if (field === undefined || joinKeys.some((known) => known.field.name === field.name)) continue;
    joinKeys.push({ column, field });
  }
  return joinKeys;
}

function isComputed(view: ServedView | ServedOnDemand): view is ServedOnDemand {
  return 'compute' in view;
}

/** Everything that computed views ask of a request is there, or has a default. */
function checkRequestData(request: OnlineRequest, computed: readonly ServedOnDemand[]): void {
  for (const { name, node } of computed) {
    const missing = node.request.filter(
      (field) => !request.entities.has(field.name) && field.default === undefined,
    );
    if (missing.length > 0) throw missingRequestData(name, missing);
  }
}

function checkKeys(
  catalogue: ServedCatalogue,
  request: OnlineRequest,
  views: readonly ServedView[],
  joinKeys: readonly ShapeJoinKey[],
): void {
  const given = joinKeys.map(({ field }) => field.name);
  const lacking = views.find(
    ({ key }) => key.length > 0 && !key.some(({ name }) => given.includes(name)),
  );
  if (lacking === undefined) return;
  if (request.entities.size === 0) throw emptyEntities(lacking);
  throw missingKeys(lacking, [...catalogue.joinKeys.keys()], given, [...request.entities.keys()]);
}

function keyColumnsOf(
  view: ServedView,
  joinKeys: readonly ShapeJoinKey[],
): readonly number[] | null {
  const columns = view.key.map(({ name }) =>
    joinKeys.findIndex(({ field }) => field.name === name),
  );
  return columns.includes(-1) ? null : columns;
}

/** Shapes by what is asked; bounded, the oldest leaves first. */
export function createShapeCache(
  catalogue: ServedCatalogue,
  project: string,
  sizeMax = 1000,
): (request: OnlineRequest) => RequestShape {
  const shapes = new Map<string, RequestShape>();
  const recent = new WeakMap<Asked, RecentShape>();
  const shapeNamed = (request: OnlineRequest): RequestShape => {
    const key = shapeKey(request);
    const known = shapes.get(key);
    if (known !== undefined) return known;
    const shape = resolveShape(catalogue, project, request);
    if (shapes.size >= sizeMax) shapes.delete(shapes.keys().next().value ?? '');
    shapes.set(key, shape);
    return shape;
  };
  return (request) => {
    const last = recent.get(request.asked);
    if (last !== undefined && hasColumns(request.entities, last.columns)) return last.shape;
    const shape = shapeNamed(request);
    recent.set(request.asked, { columns: [...request.entities.keys()], shape });
    return shape;
  };
}

/** The shape that was last resolved for what is asked, and for which columns. */
interface RecentShape {
  readonly columns: readonly string[];
  readonly shape: RequestShape;
}

function hasColumns(entities: OnlineRequest['entities'], columns: readonly string[]): boolean {
  if (entities.size !== columns.length) return false;
  let i = 0;
  for (const name of entities.keys()) if (name !== columns[i++]) return false;
  return true;
}

function shapeKey({ asked, entities }: OnlineRequest): string {
  const { features, service, fullNames } = asked;
  return JSON.stringify([fullNames, [...entities.keys()], service ?? features]);
}
