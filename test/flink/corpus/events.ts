// The streams of the corpus: their records are those of test/fixtures/flink-parity.
import { entity, stream, t } from 'millrace';

const schema = {
  seq: t.int32(),
  event_id: t.string(),
  user_id: t.string(),
  event_type: t.string().nullable(),
  amount: t.float64().nullable(),
  price: t.decimal(10, 2).nullable(),
  qty: t.int32().nullable(),
  category: t.string().nullable(),
  ts: t.timestamp(),
};

export const events = stream('events', {
  schema,
  eventTime: { field: 'ts', outOfOrderness: '5s', idleTimeout: '30s' },
});

/** Without patience: what is out of order is late. */
export const punctual = stream('punctual_events', {
  schema,
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});

/** With ids, which break ties. */
export const numbered = stream('numbered_events', {
  schema,
  id: 'event_id',
  eventTime: { field: 'ts', outOfOrderness: '5s', idleTimeout: '30s' },
});

/** Types that the events do not have. */
export const readings = stream('readings', {
  description: 'What sensors say',
  schema: {
    sensor: t.int64(),
    value: t.float32(),
    total: t.int64(),
    is_on: t.bool().nullable(),
    day: t.date().nullable(),
    seen: t.timestamp().nullable(),
    unit: t.string().default('none'),
    scores: t.list(t.float64()).nullable(),
    labels: t.map(t.string()).nullable(),
    place: t.struct({ lat: t.float64(), lon: t.float64() }).nullable(),
    at: t.timestamp(),
  },
  eventTime: { field: 'at', outOfOrderness: '1m30s', idleTimeout: '2m', maxDrift: '10m' },
});

export const user = entity('user', { key: { user_id: t.string() } });
export const category = entity('category', { key: { category: t.string(), kind: t.string() } });
export const sensor = entity('sensor', { key: { sensor: t.int64() } });
export const everything = entity('everything', { key: {} });

export const perUser = { entity: user, from: events, emit: 'watermark' } as const;
export const global = { entity: everything, from: events, emit: 'watermark' } as const;
