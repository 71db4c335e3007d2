// Definitions as a registry of Feast: the message `feast.core.Registry`, as its SDK keeps it in a file.
// The same definitions give the same bytes. Feast has no streams or windows: it learns what features
// there are and of which type, not how they are computed.
import { createHash } from 'node:crypto';
import { feastValueType, feastValueTypes } from '../../adapters/redis/feast-layout/value-types.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { inputsRead } from '../../plan/on-demand-inputs.ts';
import {
  type OnDemandViewNode,
  type Plan,
  type ViewNode,
  featureFields,
  streamOf,
} from '../../plan/plan.ts';
import {
  dummyEntity,
  type FeastEntities,
  type FeastEntity,
  feastEntities,
} from './feast-entities.ts';
import { typeTags } from './field-type-text.ts';
import { ProtoMessage } from './proto-message.ts';
import { pythonFunctionName } from './python-function.ts';

export interface FeastRegistryOptions {
  readonly project: string;
  readonly plan: Plan;
  /** Views that Feast is told of. */
  readonly views: readonly ViewNode[];
  /** On-demand views with the source of the function that computes them in Python. */
  readonly onDemand: readonly { readonly node: OnDemandViewNode; readonly source: string }[];
  /** The folder of a view's rows in the feature log; null when there is none. */
  readonly logFolder: (view: ViewNode) => string | null;
}

/** A number of `DataSource.SourceType`. */
const batchFile = 1;
const registrySchemaVersion = '1';

/** The bytes of `registry.db`. */
export function feastRegistry(options: FeastRegistryOptions): Uint8Array {
  const { project, plan, views } = options;
  const entities = feastEntities(plan);
  const sources = views.map((view) => sourceOf(options, view));
  const body = new ProtoMessage()
    .messages(
      1,
      entities.entities.map((entity) => entityOf(project, entity)),
    )
    .text(3, registrySchemaVersion)
    .messages(
      6,
      views.map((view, i) => viewOf(options, entities, { view, source: sources[i] ?? null })),
    )
    .messages(7, servicesOf(options))
    .messages(
      8,
      options.onDemand.map(({ node, source }) => onDemandOf(options, node, source)),
    )
    .messages(
      12,
      sources.filter((source) => source !== null),
    )
    .message(17, new ProtoMessage().message(1, new ProtoMessage().text(1, project)));
  const digest = createHash('sha256').update(body.bytes).digest('hex');
  const id = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-${digest.slice(12, 16)}`;
  return body.text(4, `${id}-${digest.slice(16, 20)}-${digest.slice(20, 32)}`).bytes;
}

function entityOf(project: string, { name, joinKey, description }: FeastEntity): ProtoMessage {
  const spec = new ProtoMessage()
    .text(1, name)
    .whole(2, feastValueTypes[feastValueType(joinKey.type)])
    .text(3, description)
    .text(4, joinKey.name)
    .text(9, project);
  return new ProtoMessage().message(1, spec).message(2, new ProtoMessage());
}

function fieldOf({ name, type }: Pick<Field, 'name' | 'type'>): ProtoMessage {
  return new ProtoMessage()
    .text(1, name)
    .whole(2, feastValueTypes[feastValueType(type)])
    .entries(3, typeTags(type));
}

interface ViewParts {
  readonly view: ViewNode;
  readonly source: ProtoMessage | null;
}

function viewOf(
  { project, plan }: FeastRegistryOptions,
  entities: FeastEntities,
  { view, source }: ViewParts,
): ProtoMessage {
  const spec = new ProtoMessage()
    .text(1, view.name)
    .text(2, project)
    .texts(3, entities.of(view))
    .messages(4, featureFields(view).map(fieldOf))
    .entries(5, tagsOf(plan, view))
    .message(6, durationOf(view.ttlMs));
  if (source !== null) spec.message(7, source);
  spec
    .whole(8, 1)
    .text(10, view.description)
    .text(11, view.owner)
    .messages(12, keyOf(view).map(fieldOf));
  return new ProtoMessage().message(1, spec).message(2, new ProtoMessage());
}

function keyOf({ key }: ViewNode): readonly Pick<Field, 'name' | 'type'>[] {
  return key.length > 0 ? key : [dummyEntity.joinKey];
}

/** Our tags, and what people would look for: the stream, and how fresh rows are promised to be. */
function tagsOf(plan: Plan, view: ViewNode): Readonly<Record<string, string>> {
  const tags = Object.fromEntries(view.tags.map((tag) => [tag, 'true']));
  const fresh = view.freshnessMs === null ? {} : { freshness_ms: String(view.freshnessMs) };
  return { ...tags, stream: streamOf(plan, view).name, ...fresh };
}

/** `google.protobuf.Duration`; none at all means for ever, as in Feast. */
function durationOf(ms: number | null): ProtoMessage {
  const seconds = Math.floor((ms ?? 0) / 1000);
  return new ProtoMessage().whole(1, seconds).whole(2, ((ms ?? 0) - seconds * 1000) * 1_000_000);
}

/** Rows of the feature log as a file source: joined by `as_of`; of equal ones the last to arrive. */
function sourceOf(
  { project, logFolder }: FeastRegistryOptions,
  view: ViewNode,
): ProtoMessage | null {
  const folder = logFolder(view);
  if (folder === null) return null;
  return new ProtoMessage()
    .whole(1, batchFile)
    .text(3, 'as_of')
    .text(5, '_arrival_time')
    .message(11, new ProtoMessage().text(2, folder))
    .text(17, 'feast.infra.offline_stores.file_source.FileSource')
    .text(20, `${view.name}_log`)
    .text(21, project);
}

/** A number of `DataSource.SourceType`. */
const requestSource = 7;

function onDemandOf(
  { project, views }: FeastRegistryOptions,
  node: OnDemandViewNode,
  source: string,
): ProtoMessage {
  const { stored } = inputsRead(node);
  const spec = new ProtoMessage()
    .text(1, node.name)
    .text(2, project)
    .messages(3, node.features.map(fieldOf));
  for (const view of views) {
    const wanted = stored.filter((input) => input.view === view.name).map(({ feature }) => feature);
    if (wanted.length === 0) continue;
    const projected = new ProtoMessage().message(3, projectionOf(view, wanted));
    spec.message(4, new ProtoMessage().text(1, view.name).message(2, projected));
  }
  if (node.request.length > 0) {
    const data = new ProtoMessage()
      .whole(1, requestSource)
      .message(18, new ProtoMessage().messages(3, node.request.map(fieldOf)))
      .text(20, `${node.name}_request`)
      .text(21, project);
    const request = new ProtoMessage().message(2, data);
    spec.message(4, new ProtoMessage().text(1, `${node.name}_request`).message(2, request));
  }
  const code = new ProtoMessage().text(1, pythonFunctionName).text(3, source).text(4, 'python');
  spec
    .text(6, node.description)
    .entries(7, Object.fromEntries(node.tags.map((tag) => [tag, 'true'])))
    .text(8, node.owner)
    .message(10, new ProtoMessage().message(1, code))
    .text(11, 'python');
  return new ProtoMessage().message(1, spec).message(2, new ProtoMessage());
}

function servicesOf({
  project,
  plan,
  views,
  onDemand,
}: FeastRegistryOptions): readonly ProtoMessage[] {
  return plan.services.map(({ name, features, owner, description }) => {
    const names = [...new Set(features.map(({ view }) => view))];
    const projections = names.flatMap((viewName) => {
      const wanted = features.filter((one) => one.view === viewName).map(({ feature }) => feature);
      const view = views.find((one) => one.name === viewName);
      if (view !== undefined) return [projectionOf(view, wanted)];
      const computed = onDemand.find(({ node }) => node.name === viewName);
      return computed === undefined ? [] : [projectionOf(computed.node, wanted)];
    });
    const spec = new ProtoMessage()
      .text(1, name)
      .text(2, project)
      .messages(3, projections)
      .text(5, description)
      .text(6, owner);
    return new ProtoMessage().message(1, spec).message(2, new ProtoMessage());
  });
}

function projectionOf(view: ViewNode | OnDemandViewNode, wanted: readonly string[]): ProtoMessage {
  const fields = view.kind === 'view' ? featureFields(view) : view.features;
  const columns = wanted.flatMap((name) => fields.filter((field) => field.name === name));
  return new ProtoMessage()
    .text(1, view.name)
    .messages(2, columns.map(fieldOf))
    .text(11, 'featureView');
}
