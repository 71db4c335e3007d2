// A stream that is pushed to, counted per user: what the server, the engine and the test that kills
// them share.
import {
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { push } from 'millrace/push';

export const userCount = 20;

const user = entity('user', { key: { user_no: t.int64() } });
export const events = stream('events', {
  schema: { id: t.int64(), user_no: t.int64(), at: t.timestamp() },
  eventTime: { field: 'at', outOfOrderness: '1h', maxAhead: 'off' },
});
export const totals = featureView('totals', {
  entity: user,
  from: events,
  features: (e) => ({ events: count().over(lifetime()), ids: sum(e.id).over(lifetime()) }),
});

export const pushSource = push({ directory: './push', segmentBytes: 200_000 });

export function pushConfig(): Config {
  return defineConfig({
    project: 'pushed',
    definitions: [{ user, events, totals }],
    environments: {
      local: {
        streams: { events: pushSource },
        online: embedded('./online'),
        checkpoints: { directory: './checkpoints', interval: '100ms', minPause: '10ms' },
      },
    },
  });
}
