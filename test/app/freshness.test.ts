// How soon events can be read, and time that goes backward: as metrics, in the status, as a notice.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { count, defineConfig, entity, featureView, lifetime, millrace, stream, t } from 'millrace';
import { file } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/run-cli.ts';

const user = entity('user', { key: { user_id: t.int64() } });
const clicks = stream('clicks', {
  schema: { user_id: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1m', maxAhead: '1h' },
});
const seen = featureView('seen', {
  entity: user,
  from: clicks,
  freshness: '5m',
  features: () => ({ clicks: count().over(lifetime()) }),
});

let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** So many clicks of users of their own, each so old. */
function write(...groups: readonly (readonly [count: number, ageMs: number])[]): void {
  const nowMs = Date.now();
  const lines = groups.flatMap(([n, ageMs], g) =>
    Array.from({ length: n }, (_, i) => `{"user_id":${g * 1e6 + i},"ts":${nowMs - ageMs}}\n`),
  );
  writeFileSync(join(folder.path, 'clicks.jsonl'), lines.join(''));
}

function open(freshness = {}) {
  const config = defineConfig({
    project: 'shop',
    definitions: [{ seen }],
    environments: {
      local: {
        streams: { clicks: file('./clicks.jsonl') },
        online: memoryStore(),
        deadLetters: './dead-letters',
        state: { directory: './state' },
        clock: 'wall',
        freshness,
      },
    },
  });
  return millrace(config, { baseDirectory: folder.path });
}

describe('freshness of a run', () => {
  it('is in its status and on /metrics of a server beside it', async () => {
    write([100, 3_600_000], [300, 1000]);
    const app = await open();
    await app.run({ untilEnd: true });
    const { last } = await app.status();
    expect(last?.freshness).toMatchObject([
      {
        view: 'seen',
        promise_ms: 300_000,
        target: 0.999,
        feature_freshness_slo_ratio: 0.75,
        rows: 400,
        event_to_servable_p99_ms: 86_400_000,
      },
    ]);
    const server = await app.serve({ port: 0 });
    await (await fetch(`${server.url}/v1/features/seen/1000000`)).text();
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toContain('feature_freshness_slo_ratio{view="seen"} 0.75');
    expect(text).toContain('event_to_servable_ms_count{view="seen"} 400');
    expect(text).toContain('feature_age_ms_count{view="seen"} 1');
    await app.close();
  });

  it('says that time has gone back since the last run', async () => {
    write([1, 1000]);
    const notices: string[] = [];
    const app = await open();
    const run = () => app.run({ untilEnd: true, onNotice: (text) => notices.push(text) });
    await run();
    await run();
    expect(notices).toEqual([]);
    const path = join(folder.path, 'state/shop-local.status.json');
    const status = JSON.parse(readFileSync(path, 'utf8')) as { written_at_ms: number };
    writeFileSync(path, JSON.stringify({ ...status, written_at_ms: Date.now() + 7_200_000 }));
    await run();
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/^time has gone back since the last run: it is /);
    const { last } = await app.status();
    expect(last?.clock?.millrace_clock_went_back_ms).toBeGreaterThan(7_000_000);
    await app.close();
  });

  it('refuses targets that are none', async () => {
    const app = open({ target: 99.9, window: 'soon' });
    await expect(app).rejects.toMatchObject({
      problems: [
        { path: 'environments.local.freshness.target' },
        { path: 'environments.local.freshness.window' },
      ],
    });
  });
});
