// Which definitions there are: what modules export, and what those use. One per name; two different
// ones of a name are a problem, and the first counts.
import { fail, type Scope, show } from './scope.ts';
import type { Entity } from '../entity.ts';
import type { FeatureService } from '../feature-service.ts';
import type { FeatureView } from '../feature-view.ts';
import type { OnDemandView } from '../on-demand-view.ts';
import type { Stream } from '../stream.ts';

type Definition = Entity | Stream | FeatureView | OnDemandView | FeatureService;

export interface Definitions {
  readonly entities: readonly Entity[];
  readonly streams: readonly Stream[];
  readonly views: readonly FeatureView[];
  readonly onDemand: readonly OnDemandView[];
  readonly services: readonly FeatureService[];
  /** Every exported stream, filtered ones of the same name included. */
  readonly exportedStreams: readonly Stream[];
}

/** Finds the definitions of modules; `scope` has an empty path. */
export function collectDefinitions(modules: readonly unknown[], scope: Scope): Definitions {
  const exported = modules.flatMap(exportsOf).filter((d) => hasName(d, scope));
  const services = exported.filter((d) => d.definition === 'service');
  const exportedViews = exported.filter((d) => d.definition === 'view');
  const exportedStreams = exported.filter((d) => d.definition === 'stream');
  const exportedEntities = exported.filter((d) => d.definition === 'entity');
  const served = services.flatMap(servedViews);
  const onDemand = [
    ...exported.filter((d) => d.definition === 'onDemandView'),
    ...served.filter(isOnDemand),
  ];
  const named = [...exportedViews, ...served.filter(isView), ...onDemand.flatMap(readViews)];
  const views = named.flatMap(withViewsRead);
  const streams = [...views.map((v) => v.from).filter(isStream), ...exportedStreams];
  const entities = [...views.map((v) => v.entity).filter(isEntity), ...exportedEntities];
  return {
    entities: uniqueByName(entities, (d) => d.options, scope),
    streams: uniqueByName(streams, (d) => d.options, scope),
    views: uniqueByName(views, (d) => d.options, scope),
    onDemand: uniqueByName(onDemand, (d) => d.options, scope),
    services: uniqueByName(services, (d) => d.options, scope),
    exportedStreams,
  };
}

function exportsOf(module: unknown): readonly Definition[] {
  if (typeof module !== 'object' || module === null) return [];
  return Object.values(module).filter(isDefinition);
}

function isDefinition(value: unknown): value is Definition {
  return isOf(value, ['entity', 'stream', 'view', 'onDemandView', 'service']);
}

function isOf(value: unknown, kinds: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'definition' in value &&
    kinds.includes(String(value.definition))
  );
}

export function isEntity(value: unknown): value is Entity {
  return isOf(value, ['entity']);
}

export function isStream(value: unknown): value is Stream {
  return isOf(value, ['stream']);
}

export function isView(value: unknown): value is FeatureView {
  return isOf(value, ['view']);
}

export function isOnDemand(value: unknown): value is OnDemandView {
  return isOf(value, ['onDemandView']);
}

function hasName({ name, definition }: Definition, scope: Scope): boolean {
  if (typeof name === 'string') return true;
  const message = `the name of this ${kindName(definition)} is ${show(name)}, not text`;
  fail({ ...scope, path: kindName(definition) }, 'MR_DEFINITION_NAME', message);
  return false;
}

function kindName(definition: Definition['definition']): string {
  if (definition === 'view') return 'feature view';
  if (definition === 'onDemandView') return 'on-demand view';
  return definition === 'service' ? 'feature service' : definition;
}

/** The views that a service names, whole or in part. */
function servedViews({ features }: FeatureService): readonly (FeatureView | OnDemandView)[] {
  if (!Array.isArray(features)) return [];
  const parts = features as readonly unknown[];
  return parts
    .map((part) => (isView(part) || isOnDemand(part) ? part : viewOf(part)))
    .filter((part) => isView(part) || isOnDemand(part));
}

/** The views whose features an on-demand view reads. */
function readViews({ options }: OnDemandView): readonly FeatureView[] {
  const from: unknown = options?.from;
  return typeof from === 'object' && from !== null ? Object.values(from).filter(isView) : [];
}

/** A view behind those whose rows it reads. */
function withViewsRead(view: FeatureView): readonly FeatureView[] {
  const read: unknown = isStream(view.from) ? view.from.rowsOf : undefined;
  return isView(read) ? [...withViewsRead(read), view] : [view];
}

function viewOf(part: unknown): unknown {
  return typeof part === 'object' && part !== null && 'view' in part ? part.view : undefined;
}

const kindNames: Readonly<Record<Definition['definition'], string>> = {
  entity: 'entities',
  stream: 'streams',
  view: 'views',
  onDemandView: 'on-demand views',
  service: 'services',
};

/** `identity`: what makes two definitions the same, such as a stream and its filtered form. */
function uniqueByName<D extends Definition>(
  definitions: readonly D[],
  identity: (definition: D) => unknown,
  scope: Scope,
): D[] {
  const byName = new Map<string, D>();
  for (const definition of definitions) {
    const { name } = definition;
    const other = byName.get(name);
    if (other === undefined) byName.set(name, definition);
    else if (identity(other) !== identity(definition)) {
      const kinds = kindNames[definition.definition];
      const message = `there are two ${kinds} named "${name}"`;
      fail({ ...scope, path: name }, 'MR_DEFINITION_DUPLICATE', message, 'rename one of them');
    }
  }
  return [...byName.values()];
}
