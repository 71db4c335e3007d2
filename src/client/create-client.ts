// The client of a feature server. It keeps nothing between reads; connections are the platform's.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { Value } from '../kernel/types/field-type.ts';
import { type BatchQueue, type ReadRow, createBatchQueue } from './batch-queue.ts';
import type { CallOptions, ClientOptions, ClientRead, FeatureClient } from './client-types.ts';
import { type KnownView, knownView, knownViews } from './known-view.ts';
import { createTransport } from './transport.ts';

type Key = Readonly<Record<string, unknown>>;
type Read = ClientRead<Readonly<Record<string, unknown>>>;

/**
 * Makes a client of the feature server at `url`, typed by the definitions that it serves.
 *
 * Units and default: deadlines in ms, 1,000 for a read with all its tries.
 * Guarantee: reads of one turn of the event loop share requests; a read ends by its deadline.
 * Errors: ProblemsError for definitions that are wrong, MR_CONFIG_INVALID for what is no URL.
 *
 * ```ts
 * const client = createClient('http://features:6566', { views: { userSpend } });
 * const { values, ageMs } = await client.get(userSpend, { user_id: 'u1' });
 * ```
 */
export function createClient(url: string, options: ClientOptions): FeatureClient {
  const views = knownViews(options.views);
  const transport = createTransport({
    url: checkedUrl(url),
    token: options.token ?? null,
    retriesMax: options.retriesMax ?? 2,
    fetch: options.fetch ?? fetch,
  });
  const queue = createBatchQueue(transport, options.batchRowsMax ?? 500);
  const read = (name: string, key: Key, call: CallOptions = {}): Promise<Read> => {
    const view = knownView(views, name);
    const deadlineMs = call.deadlineMs ?? options.deadlineMs ?? 1000;
    return readOne(queue, view, { key, deadlineMs, fallback: call.fallback ?? null });
  };
  const client = {
    get: async (view: { readonly name: string }, key: Key, call?: CallOptions) =>
      read(view.name, key, call),
    getMany: async (view: { readonly name: string }, keys: readonly Key[], call?: CallOptions) =>
      Promise.all(keys.map((key) => read(view.name, key, call))),
  };
  // Types of values are those of the definitions that the views were made of.
  return client as unknown as FeatureClient;
}

function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol === 'http:' || protocol === 'https:') return url.replace(/\/+$/, '');
  throw new MillraceError('MR_CONFIG_INVALID', `createClient: "${url}" is not an http URL`, {
    fix: "write createClient('http://localhost:6566', { views })",
  });
}

interface Asked {
  readonly key: Key;
  readonly deadlineMs: number;
  readonly fallback: Key | null;
}

async function readOne(
  queue: BatchQueue,
  view: KnownView,
  { key, deadlineMs, fallback }: Asked,
): Promise<Read> {
  try {
    const row = await queue.read(view, key, deadlineMs);
    return readOfRow(view, row, fallback);
  } catch (error) {
    const isAway = error instanceof MillraceError && error.code === 'MR_CLIENT_AWAY';
    if (isAway && fallback !== null) return fallbackRead(view, fallback);
    throw error;
  }
}

function readOfRow(view: KnownView, row: ReadRow, fallback: Key | null): Read {
  const values: Record<string, Value> = {};
  const ages: Record<string, number | null> = {};
  let eventTime: number | null = null;
  for (const { name } of view.features) {
    const given = row.values[name] ?? null;
    const isMissing = row.status[name] === 'NOT_FOUND';
    values[name] = isMissing ? ((fallback?.[name] as Value | undefined) ?? null) : given;
    const timeMs = row.eventTimes[name] ?? null;
    ages[name] = timeMs === null ? null : row.servedAtMs - timeMs;
    if (timeMs !== null) eventTime = Math.max(eventTime ?? timeMs, timeMs);
  }
  return {
    values,
    status: row.status as Read['status'],
    ages,
    eventTime,
    ageMs: eventTime === null ? null : row.servedAtMs - eventTime,
    isFallback: false,
  };
}

function fallbackRead(view: KnownView, fallback: Key): Read {
  const names = view.features.map(({ name }) => name);
  return {
    values: Object.fromEntries(names.map((name) => [name, fallback[name] ?? null])),
    status: Object.fromEntries(names.map((name) => [name, 'FALLBACK'])),
    ages: Object.fromEntries(names.map((name) => [name, null])),
    eventTime: null,
    ageMs: null,
    isFallback: true,
  };
}
