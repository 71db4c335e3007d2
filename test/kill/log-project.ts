// A project with a feature log and nothing else, in a folder.
import {
  type App,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  stream,
  t,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import type { FeatureLogBinding } from '../../src/ports/feature-log.ts';

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: { user_id: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '0s', maxAhead: 'off' },
});
const view = featureView('activity', {
  entity: user,
  from: events,
  features: () => ({ n: count().over(lifetime()) }),
});

export async function openLogProject(
  baseDirectory: string,
): Promise<{ readonly app: App; readonly offline: FeatureLogBinding }> {
  const offline = featureLog('log');
  const config = defineConfig({
    project: 'logged',
    definitions: [{ view }],
    environments: { local: { streams: { events: file('events.jsonl') }, offline } },
  });
  return { app: await millrace(config, { baseDirectory }), offline };
}
