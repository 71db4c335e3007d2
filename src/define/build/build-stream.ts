// Entities and streams as written → their nodes.
import type { Field } from '../../kernel/types/field-type.ts';
import type { EntityNode, EventTimeNode, StreamNode } from '../../plan/plan.ts';
import { streamUid } from '../../plan/uids.ts';
import type { Entity, EntityOptions } from '../entity.ts';
import { checkOptions, fail, inside, readDuration, readText, type Scope, show } from './scope.ts';
import type { EventTimeOptions, Stream, StreamOptions } from '../stream.ts';
import { fieldsOf, isTypeBuilder, type SchemaShape } from '../type-builder.ts';

type Options = Readonly<Record<string, unknown>>;

const entityOptions: Record<keyof EntityOptions<SchemaShape>, true> = {
  key: true,
  description: true,
};

const streamOptions: Record<keyof StreamOptions<SchemaShape>, true> = {
  schema: true,
  eventTime: true,
  id: true,
  description: true,
};

const eventTimeOptions: Record<keyof EventTimeOptions<SchemaShape>, true> = {
  field: true,
  outOfOrderness: true,
  idleTimeout: true,
  maxAhead: true,
  maxDrift: true,
};

export function buildEntity(entity: Entity, parent: Scope): EntityNode {
  const scope = { ...parent, path: entity.name };
  const options = readOptions(scope, entity.options, entityOptions);
  return {
    kind: 'entity',
    name: entity.name,
    key: readFields(inside(scope, 'key'), entity.key, 'key: { user_id: t.string() }'),
    description: readText(inside(scope, 'description'), options['description']),
  };
}

export function buildStream(stream: Stream, parent: Scope): StreamNode {
  const scope = { ...parent, path: stream.name };
  const options = readOptions(scope, stream.options, streamOptions);
  return {
    kind: 'stream',
    name: stream.name,
    uid: streamUid(stream.name),
    fields: readFields(inside(scope, 'schema'), stream.schema, 'schema: { ts: t.timestamp() }'),
    eventTime: readEventTime(inside(scope, 'eventTime'), options['eventTime']),
    idField: readText(inside(scope, 'id'), options['id']),
    description: readText(inside(scope, 'description'), options['description']),
    ...(stream.rowsOf === undefined ? {} : { rowsOf: stream.rowsOf.name }),
  };
}

/** The options object; an empty one, and a problem, when there is none. */
export function readOptions(
  scope: Scope,
  options: unknown,
  known: Readonly<Record<string, true>>,
): Options {
  if (typeof options !== 'object' || options === null) {
    fail(scope, 'MR_DEFINITION_INVALID', 'the options are missing');
    return {};
  }
  checkOptions(scope, options, known);
  return options as Options;
}

/** Fields of a shape; what is no type is a problem. */
export function readFields(scope: Scope, shape: unknown, example: string): readonly Field[] {
  if (typeof shape !== 'object' || shape === null) {
    fail(scope, 'MR_DEFINITION_INVALID', 'the fields are missing', `for example ${example}`);
    return [];
  }
  for (const [name, type] of Object.entries(shape)) {
    const at = inside(scope, name);
    if (!isTypeBuilder(type)) {
      const fix = 'write t.string(), t.float64(), t.timestamp(), …';
      fail(at, 'MR_DEFINITION_TYPE', `${show(type)} is not a field type`, fix);
    } else if (type.problem !== null) fail(at, 'MR_DEFINITION_TYPE', type.problem);
  }
  return fieldsOf(shape as SchemaShape);
}

function readEventTime(scope: Scope, options: unknown): EventTimeNode {
  const given = readOptions(scope, options, eventTimeOptions);
  const duration = (name: string, fallback?: string): number | null =>
    readDuration(inside(scope, name), given[name] ?? fallback);
  const { field, maxAhead } = given;
  if (typeof field !== 'string' && options !== undefined) {
    const fix = "name the field of the event's time: field: 'ts'";
    fail(inside(scope, 'field'), 'MR_DEFINITION_EVENT_TIME', 'the field is missing', fix);
  }
  return {
    field: typeof field === 'string' ? field : '',
    outOfOrdernessMs: duration('outOfOrderness') ?? 0,
    idleTimeoutMs: duration('idleTimeout'),
    maxAheadMs: maxAhead === 'off' ? null : duration('maxAhead', '1h'),
    maxDriftMs: duration('maxDrift'),
  };
}
