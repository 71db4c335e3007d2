// Features of airports and routes from 3,000,000 real US flights of 2001. A flight gives two
// events: one when it departs (nobody knows its delay yet) and one when it has arrived.
import {
  avg,
  count,
  entity,
  featureService,
  featureView,
  hopping,
  last,
  lastN,
  max,
  rolling,
  session,
  stddev,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';

export const airport = entity('airport', { key: { airport: t.string() } });
export const route = entity('route', { key: { origin: t.string(), destination: t.string() } });

/** A flight left the gate. The file's `delay` is not here: it is the delay at arrival. */
export const departures = stream('departures', {
  schema: {
    date: t.timestamp(),
    origin: t.string(),
    destination: t.string(),
    distance: t.int32(),
  },
  eventTime: { field: 'date', outOfOrderness: '1m' },
});

/** A flight has landed: only now is its delay known. */
export const arrivals = stream('arrivals', {
  schema: {
    arrived: t.timestamp(),
    origin: t.string(),
    destination: t.string(),
    distance: t.int32(),
    delay: t.int32(), // minutes; negative when early
  },
  eventTime: { field: 'arrived', outOfOrderness: '1m' },
});

export const airportDepartures = featureView('airport_departures', {
  entity: airport,
  from: departures,
  keyBy: (d) => ({ airport: d.origin }),
  ttl: '8d',
  emit: 'watermark',
  owner: 'flights',
  description: 'How busy an airport is',
  features: (d) => ({
    departures_1h: count().over(rolling('1h')),
    departures_24h: count().over(rolling('24h')),
    distance_3h: avg(d.distance).over(rolling('3h')),
    departures_hour: count().over(tumbling('1h')),
    departures_6h_by_1h: count().over(hopping('6h', { every: '1h' })),
    bank_size: count().over(session('30m')),
  }),
});

export const airportArrivals = featureView('airport_arrivals', {
  entity: airport,
  from: arrivals,
  keyBy: (a) => ({ airport: a.destination }),
  ttl: '8d',
  emit: 'watermark',
  owner: 'flights',
  description: 'How late the flights are that landed here',
  features: (a) => ({
    arrivals_3h: count().over(rolling('3h')),
    late_3h: count().where(a.delay.gt(15)).over(rolling('3h')),
    delay_3h: avg(a.delay).over(rolling('3h')),
    worst_3h: max(a.delay).over(rolling('3h')),
    delay_spread_24h: stddev(a.delay).over(rolling('24h')),
    delay_hour: avg(a.delay).over(tumbling('1h')),
    minutes_lost_6h_by_1h: sum(a.delay)
      .where(a.delay.gt(0))
      .over(hopping('6h', { every: '1h' })),
    last_delays: lastN(a.delay, 5).over(rolling('24h')),
  }),
  derive: (f) => ({ late_share_3h: f.late_3h.div(f.arrivals_3h) }),
});

export const routeDelay = featureView('route_delay', {
  entity: route,
  from: arrivals,
  ttl: '30d',
  emit: 'watermark',
  owner: 'flights',
  description: 'How late a route usually is',
  features: (a) => ({
    flights_7d: count().over(rolling('7d')),
    delay_7d: avg(a.delay).over(rolling('7d')),
    delay_spread_7d: stddev(a.delay).over(rolling('7d')),
    last_delay: last(a.delay).over(rolling('7d')),
  }),
});

/** What a model of "will this departure be late?" reads. */
export const departureModel = featureService('departure_model', {
  features: [airportDepartures, airportArrivals, routeDelay],
});
