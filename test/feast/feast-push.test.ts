// Recorded pushes and writes to Feast 0.67, replayed in their order against a server beside a run. What is
// written is read back when the run has had time to count it.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type App,
  defineConfig,
  entity,
  featureView,
  last,
  lifetime,
  millrace,
  stream,
  t,
} from 'millrace';
import { memoryStore } from 'millrace/memory';
import { push } from 'millrace/push';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { temporaryFolder } from '../cli/run-cli.ts';
import { pushDifferences, pushErrors } from './differences.ts';

const user = entity('user', { key: { user_id: t.string() } });
const userAndItem = entity('user_and_item', { key: { user_id: t.string(), item_id: t.int64() } });

const events = (name: string) =>
  stream(name, {
    schema: {
      user_id: t.string(),
      last_page: t.string().nullable(),
      session_len: t.int64(),
      event_timestamp: t.timestamp(),
      created: t.timestamp(),
    },
    eventTime: { field: 'event_timestamp', outOfOrderness: '1d', maxAhead: 'off' },
  });
const userEvents = events('user_events');
const userEventsStream = events('user_events_stream');
const scores = stream('scores', {
  schema: {
    user_id: t.string(),
    item_id: t.int64(),
    score: t.float64(),
    n: t.int64(),
    label: t.string(),
    event_timestamp: t.timestamp(),
  },
  eventTime: { field: 'event_timestamp' },
});
const pages = (name: string, from: typeof userEvents) =>
  featureView(name, {
    entity: user,
    from,
    features: (e) => ({
      last_page: last(e.last_page).over(lifetime()),
      session_len: last(e.session_len).over(lifetime()),
    }),
  });
const userItem = featureView('user_item', {
  entity: userAndItem,
  from: scores,
  features: (s) => ({
    score: last(s.score).over(lifetime()),
    n: last(s.n).over(lifetime()),
    label: last(s.label).over(lifetime()),
  }),
});

interface Exchange {
  readonly name: string;
  readonly request: { readonly path: string; readonly body: Readonly<Record<string, unknown>> };
  readonly response: { readonly status: number; readonly body_text: string };
}

const recorded = join(import.meta.dirname, '../fixtures/feast/push');
const exchanges: readonly Exchange[] = readdirSync(recorded)
  .filter((file) => file.endsWith('.request.json'))
  .map((file) => file.slice(0, -'.request.json'.length))
  .map((name) => ({
    name,
    request: JSON.parse(readFileSync(join(recorded, `${name}.request.json`), 'utf8')),
    response: JSON.parse(readFileSync(join(recorded, `${name}.response.json`), 'utf8')),
  }));

interface Item {
  readonly values: readonly unknown[];
  readonly event_timestamps: readonly string[];
}

function itemsOf(text: string): Readonly<Record<string, Item>> {
  const { metadata, results } = JSON.parse(text) as {
    readonly metadata: { readonly feature_names: readonly string[] };
    readonly results: readonly Item[];
  };
  const items = metadata.feature_names.map((name, i) => {
    const { values, event_timestamps } = results[i] as Item;
    return [name, { values, event_timestamps }] as const;
  });
  return Object.fromEntries(items);
}

describe.each([false, true])('pushed as to Feast (strict: %s)', (feastStrict) => {
  const folder = temporaryFolder();
  const stop = new AbortController();
  let app: App;
  let url: string;
  let run: Promise<unknown>;

  beforeAll(async () => {
    const pushed = push({ directory: './push' });
    const config = defineConfig({
      project: 'goldens',
      definitions: [
        { userPush: pages('user_push', userEvents), userItem },
        { userStream: pages('user_stream', userEventsStream) },
      ],
      environments: {
        local: {
          streams: { user_events: pushed, user_events_stream: pushed, scores: pushed },
          online: memoryStore(),
        },
      },
    });
    app = await millrace(config, { baseDirectory: folder.path });
    run = app.run({ signal: stop.signal });
    url = (await app.serve({ port: 0, feastStrict })).url;
  });

  afterAll(async () => {
    stop.abort();
    await run;
    await app.close();
    folder.remove();
  });

  const replay = async ({ request: { path, body } }: Exchange) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, text: await answer.text() };
  };

  it('has all recorded exchanges', () => expect(exchanges).toHaveLength(21));

  it.each(exchanges)('$name', async (exchange) => {
    const { name, response } = exchange;
    const answer = await replay(exchange);
    const own = pushErrors[name];
    if (own?.strict === 'status' && feastStrict) {
      expect(answer.status).toBe(response.status);
      return;
    }
    if (own !== undefined && !(feastStrict && own.strict === 'text')) {
      const { code, where } = JSON.parse(answer.text) as Record<string, unknown>;
      expect({ status: answer.status, code, where }).toEqual(own.answer);
      return;
    }
    expect(answer.status).toBe(response.status);
    const isRead = exchange.request.path === '/get-online-features';
    if (!isRead) {
      expect(answer.text).toBe(response.body_text);
      await systemClock.sleep(250);
      return;
    }
    const expected = { ...itemsOf(response.body_text), ...pushDifferences[name]?.items };
    // The run counts what was pushed when it gets to it.
    let items = itemsOf(answer.text);
    for (let i = 0; i < 200 && !isDeepStrictEqual(items, expected); i++) {
      await systemClock.sleep(25);
      items = itemsOf((await replay(exchange)).text);
    }
    expect(items).toEqual(expected);
  });
});
