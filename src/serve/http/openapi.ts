// The OpenAPI document of the server: the routes are fixed, the views and features are the plan's.
import { type FieldType, formatType } from '../../kernel/types/field-type.ts';
import type { ServedCatalogue } from '../read/served-catalogue.ts';
import type { ServedOnDemand } from '../read/on-demand-view.ts';
import type { ServedView } from '../read/served-view.ts';
import type { ServerRoute } from './server-route.ts';

type Json = Readonly<Record<string, unknown>>;

/** The document, made once. */
export function openApiDocument(
  catalogue: ServedCatalogue,
  project: string,
  routes: readonly ServerRoute[] = [],
): Json {
  const views = [...catalogue.views.values(), ...catalogue.onDemand.values()];
  const references = views.flatMap((view) => view.fields.map(({ name }) => `${view.name}:${name}`));
  return {
    openapi: '3.1.0',
    info: {
      title: `Features of ${project}`,
      version: '1',
      description: 'Online features: Feast-compatible reads, and one key at a time.',
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }, {}],
    paths: {
      '/get-online-features': { post: onlineFeatures(catalogue, references) },
      ...Object.fromEntries(views.map((view) => [pathOf(view), { get: oneKey(view) }])),
      ...pathsOf(routes),
      '/health': { get: plain('Whether the server answers', 'text/plain') },
      '/metrics': { get: plain('Metrics as OpenMetrics text', 'application/openmetrics-text') },
    },
  };
}

/** Further columns that on-demand views ask for. */
function requestText({ onDemand }: ServedCatalogue): string {
  const texts = [...onDemand.values()].map(
    ({ name, node }) =>
      `; ${name} also needs ${node.request.map((field) => field.name).join(', ') || 'nothing'}`,
  );
  return texts.join('');
}

function onlineFeatures(catalogue: ServedCatalogue, references: readonly string[]): Json {
  const services = [...catalogue.services.keys()];
  const array = (items: Json): Json => ({ type: 'array', items });
  return {
    summary: 'Features of many entities, column by column',
    requestBody: {
      required: true,
      content: json({
        type: 'object',
        required: ['entities'],
        properties: {
          features: array({ type: 'string', examples: references.slice(0, 3) }),
          feature_service: services.length > 0 ? { enum: services } : { type: 'string' },
          entities: {
            type: 'object',
            description: `Join keys: ${[...catalogue.joinKeys.keys()].join(', ')}${requestText(catalogue)}`,
            additionalProperties: array({}),
          },
          full_feature_names: { type: 'boolean', default: false },
          instants: { enum: ['seconds', 'milliseconds'], default: 'seconds' },
        },
      }),
    },
    responses: {
      200: {
        description: 'One result per name, in the order of metadata.feature_names',
        content: json({
          type: 'object',
          properties: {
            metadata: {
              type: 'object',
              properties: { feature_names: array({ type: 'string' }) },
            },
            results: array({
              type: 'object',
              properties: {
                values: array({}),
                statuses: array({ enum: statuses }),
                event_timestamps: array({ type: 'string', format: 'date-time' }),
              },
            }),
          },
        }),
      },
      ...failures,
    },
  };
}

const statuses = ['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE'];

const failures = {
  400: { description: 'The request is wrong: code, message, where, fix' },
  404: { description: 'Unknown view or service' },
  401: { description: 'No token, or one that is not known' },
  403: { description: 'The token does not open this view' },
  413: { description: 'Too many values in one request' },
  422: { description: 'The body or a value does not fit' },
  503: { description: 'Too much to do, or the store is away: try again after retry-after' },
};

type AnyView = ServedView | ServedOnDemand;

function pathOf(view: AnyView): string {
  if (view.key.length === 0) return `/v1/features/${view.name}`;
  return `/v1/features/${view.name}/${view.key.map(({ name }) => `{${name}}`).join(',')}`;
}

/** What the query brings of an on-demand view. */
function requestParameters(view: AnyView): readonly Json[] {
  const { request } = 'request' in view.node ? view.node : { request: [] };
  return request.map(({ name, type, default: fallback }) => ({
    name,
    in: 'query',
    required: fallback === undefined,
    schema: jsonType(type),
  }));
}

function oneKey(view: AnyView): Json {
  const features = view.fields.map(({ name, type }) => [
    name,
    {
      type: 'object',
      properties: {
        value: { ...jsonType(type), description: formatType(type) },
        status: { enum: statuses },
      },
    },
  ]);
  return {
    summary: view.node.description ?? `Features of ${view.name}`,
    parameters: [
      ...view.key.map(({ name, type }) => ({
        name,
        in: 'path',
        required: true,
        schema: jsonType(type),
      })),
      ...requestParameters(view),
    ],
    responses: {
      200: {
        description: 'Values with their status; the age is also in x-feature-age-ms',
        content: json({
          type: 'object',
          properties: {
            view: { const: view.name },
            key: { type: 'object' },
            event_time: { type: ['string', 'null'], format: 'date-time' },
            age_ms: { type: ['number', 'null'] },
            features: { type: 'object', properties: Object.fromEntries(features) },
          },
        }),
      },
      ...failures,
    },
  };
}

/** By path, then by method. */
function pathsOf(routes: readonly ServerRoute[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: other(route) };
  }
  return paths;
}

function other({ summary, bodySchema }: ServerRoute): Json {
  return {
    summary,
    ...(bodySchema === undefined ? {} : { requestBody: { content: json(bodySchema) } }),
    responses: { 200: { description: 'Done' }, ...failures },
  };
}

function plain(summary: string, type: string): Json {
  return { summary, responses: { 200: { description: summary, content: { [type]: {} } } } };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function jsonType(type: FieldType): Json {
  switch (type.kind) {
    case 'bool':
      return { type: ['boolean', 'null'] };
    case 'int32':
    case 'int64':
    case 'count':
    case 'timestamp':
      return { type: ['integer', 'null'] };
    case 'float32':
    case 'float64':
      return { type: ['number', 'null'] };
    case 'list':
      return { type: ['array', 'null'] };
    case 'map':
    case 'struct':
      return { type: ['object', 'null'] };
    default:
      return { type: ['string', 'null'] };
  }
}
