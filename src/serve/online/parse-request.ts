// The body of `POST /get-online-features`, checked for its shape only. Integers beyond 2^53 come out
// as bigint, so that no key is rounded on the way in.
import { invalidBody } from './request-failure.ts';

/** What is asked for, whatever the entities. One object for all requests that say it in the same bytes. */
export interface Asked {
  /** `view:feature`, or null when a service is named. */
  readonly features: readonly string[] | null;
  readonly service: string | null;
  readonly fullNames: boolean;
  readonly versionMetadata: boolean;
  /** How instants are written, in keys and values: Feast's whole seconds unless the request says. */
  readonly instants: 'seconds' | 'milliseconds';
}

export interface OnlineRequest {
  readonly asked: Asked;
  /** Join key → one value per row. */
  readonly entities: ReadonlyMap<string, readonly unknown[]>;
}

export type RequestParser = (body: Buffer, isJson: boolean) => OnlineRequest;

/** Bytes up to the entities, with what they ask for. */
interface KnownHead {
  readonly bytes: Buffer;
  readonly asked: Asked;
}

const entitiesName = '"entities":';
const headsMax = 256;

/**
 * A parser that remembers what stands before the entities: callers send the same list of features
 * again and again, and then only the entities are parsed. The quoted name cannot stand inside of a
 * JSON text, and a head counts only when it is an object by itself.
 */
export function createRequestParser(): RequestParser {
  const heads = new Map<number, KnownHead[]>();
  let headCount = 0;
  const remember = (body: Buffer, end: number): void => {
    const asked = askedIn(body.toString('utf8', 0, end));
    if (asked === null) return;
    if (headCount++ >= headsMax) {
      heads.clear();
      headCount = 1;
    }
    const known = heads.get(end) ?? [];
    heads.set(end, [...known, { bytes: Buffer.from(body.subarray(0, end)), asked }]);
  };
  return (body, isJson) => {
    const at = isJson ? body.indexOf(entitiesName) : -1;
    if (at < 0) return parseOnlineRequest(body, isJson);
    const end = at + entitiesName.length;
    const head = heads.get(end)?.find(({ bytes }) => body.compare(bytes, 0, end, 0, end) === 0);
    const entities = head === undefined ? null : entitiesAlone(body, at);
    if (head !== undefined && entities !== null) return { asked: head.asked, entities };
    const request = parseOnlineRequest(body, isJson);
    if (head === undefined) remember(body, end);
    return request;
  };
}

function askedIn(head: string): Asked | null {
  try {
    return askedOf(JSON.parse(`${head}{}}`) as Members);
  } catch {
    return null;
  }
}

/** The entities when nothing follows them; null when there is more, or something wrong. */
function entitiesAlone(body: Buffer, at: number): OnlineRequest['entities'] | null {
  try {
    const members = jsonOf(`{${body.toString('utf8', at)}`) as Members;
    for (const name in members) if (name !== 'entities') return null;
    return entityColumns(members);
  } catch {
    return null;
  }
}

type Members = Readonly<Record<string, unknown>>;

function parseOnlineRequest(body: Buffer, isJson: boolean): OnlineRequest {
  const text = body.toString('utf8');
  const json = isJson ? parseJson(text) : text;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    throw invalidBody({ type: 'model_attributes_type', loc: ['body'], msg, input: json });
  }
  const members = json as Members;
  const asked = askedOf(members);
  return { asked, entities: entityColumns(members) };
}

function askedOf(members: Members): Asked {
  return {
    features: members['features'] == null ? null : featureList(members['features']),
    service: serviceName(members['feature_service']),
    fullNames: flag(members, 'full_feature_names'),
    versionMetadata: flag(members, 'include_feature_view_version_metadata'),
    instants: instantUnit(members['instants']),
  };
}

function jsonOf(text: string): unknown {
  return /\d{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

/** The value of a body; its text when it is not JSON by its type. Throws RequestFailure. */
export function parseJsonBody(body: Buffer, isJson: boolean): unknown {
  const text = body.toString('utf8');
  return isJson ? parseJson(text) : text;
}

function parseJson(text: string): unknown {
  try {
    return jsonOf(text);
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    throw invalidBody({
      type: 'json_invalid',
      loc: ['body', position === undefined ? text.length : Number(position)],
      msg: 'JSON decode error',
      input: {},
      ctx: { error: 'Expecting value' },
    });
  }
}

function exactInteger(_: string, value: unknown, context?: { readonly source: string }): unknown {
  const isRounded =
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isRounded && context !== undefined && /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;
}

function featureList(input: unknown): readonly string[] {
  if (!Array.isArray(input)) throw notList(['body', 'features'], input);
  const wrong = input.findIndex((name) => typeof name !== 'string');
  if (wrong >= 0) throw notString(['body', 'features', wrong], input[wrong]);
  return input as readonly string[];
}

function serviceName(input: unknown): string | null {
  if (input === undefined || input === null) return null;
  if (typeof input !== 'string') throw notString(['body', 'feature_service'], input);
  return input;
}

function instantUnit(input: unknown): Asked['instants'] {
  if (input === undefined || input === null || input === 'seconds') return 'seconds';
  if (input === 'milliseconds') return 'milliseconds';
  const msg = "Input should be 'seconds' or 'milliseconds'";
  throw invalidBody({ type: 'enum', loc: ['body', 'instants'], msg, input });
}

function entityColumns(members: Members): ReadonlyMap<string, readonly unknown[]> {
  const input = members['entities'];
  const loc = ['body', 'entities'];
  if (input === undefined) {
    throw invalidBody({ type: 'missing', loc, msg: 'Field required', input: members });
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const msg = 'Input should be a valid dictionary';
    throw invalidBody({ type: 'dict_type', loc, msg, input });
  }
  const columns = new Map<string, readonly unknown[]>();
  for (const [name, values] of Object.entries(input)) {
    if (!Array.isArray(values)) throw notList([...loc, name], values);
    columns.set(name, values);
  }
  return columns;
}

function flag(members: Members, name: string): boolean {
  const input = members[name];
  if (input === undefined || input === null) return false;
  if (typeof input === 'boolean') return input;
  const msg = 'Input should be a valid boolean';
  throw invalidBody({ type: 'bool_type', loc: ['body', name], msg, input });
}

function notList(loc: readonly unknown[], input: unknown): Error {
  return invalidBody({ type: 'list_type', loc, msg: 'Input should be a valid list', input });
}

function notString(loc: readonly unknown[], input: unknown): Error {
  return invalidBody({ type: 'string_type', loc, msg: 'Input should be a valid string', input });
}
