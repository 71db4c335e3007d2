// A view whose keys have much state: sixteen features over each of six windows of slots, so that an
// event adds about two kilobytes to its user.
import { avg, count, type Feature, max, min, stddev, sum } from '../../../src/define/aggregate.ts';
import { entity } from '../../../src/define/entity.ts';
import { featureView } from '../../../src/define/feature-view.ts';
import { stream } from '../../../src/define/stream.ts';
import { t } from '../../../src/define/type-builder.ts';
import { rolling } from '../../../src/define/window.ts';
import { eventTypes } from '../event-pool.ts';

const user = entity('user', { key: { user_id: t.string() } });

const events = stream('events', {
  schema: {
    user_id: t.string(),
    event_type: t.string(),
    amount: t.float64(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '5s', maxAhead: 'off' },
});

const windows = {
  d1: rolling('1d', { resolution: '1h' }),
  d2: rolling('2d', { resolution: '2h' }),
  d7: rolling('7d', { resolution: '6h' }),
  d14: rolling('14d', { resolution: '12h' }),
  d28: rolling('28d', { resolution: '1d' }),
  d60: rolling('60d', { resolution: '2d' }),
};

/** 96 features. */
export const wideState = featureView('wide_state', {
  entity: user,
  from: events,
  emit: 'arrival',
  decay: 'never',
  features: (e) => {
    const features: Record<string, Feature> = {};
    for (const [name, window] of Object.entries(windows)) {
      features[`n_${name}`] = count().over(window);
      features[`spent_${name}`] = sum(e.amount).over(window);
      features[`mean_${name}`] = avg(e.amount).over(window);
      features[`least_${name}`] = min(e.amount).over(window);
      features[`most_${name}`] = max(e.amount).over(window);
      features[`spread_${name}`] = stddev(e.amount).over(window);
      for (const type of eventTypes) {
        const isType = e.event_type.eq(type);
        features[`n_${type}_${name}`] = count().where(isType).over(window);
        features[`spent_${type}_${name}`] = sum(e.amount).where(isType).over(window);
      }
    }
    return features;
  },
});
