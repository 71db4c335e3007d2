// The body of `POST /get-online-features`, checked for its shape only. Integers beyond 2^53 come out
// as bigint, so that no key is rounded on the way in.
import { invalidBody } from './request-failure.ts';

export interface OnlineRequest {
  /** `view:feature`, or null when a service is named. */
  readonly features: readonly string[] | null;
  readonly service: string | null;
  /** Join key → one value per row. */
  readonly entities: ReadonlyMap<string, readonly unknown[]>;
  readonly fullNames: boolean;
  readonly versionMetadata: boolean;
}

export function parseOnlineRequest(body: Buffer, isJson: boolean): OnlineRequest {
  const text = body.toString('utf8');
  const json = isJson ? parseJson(text) : text;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    throw invalidBody({ type: 'model_attributes_type', loc: ['body'], msg, input: json });
  }
  const members = json as Readonly<Record<string, unknown>>;
  return {
    features: members['features'] == null ? null : featureList(members['features']),
    service: serviceName(members['feature_service']),
    entities: entityColumns(members),
    fullNames: flag(members, 'full_feature_names'),
    versionMetadata: flag(members, 'include_feature_view_version_metadata'),
  };
}

function parseJson(text: string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
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

function entityColumns(
  members: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, readonly unknown[]> {
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

function flag(members: Readonly<Record<string, unknown>>, name: string): boolean {
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
