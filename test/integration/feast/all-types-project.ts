// A project whose views have features of every type, keys of one part, of two and of none, and a view
// whose rows are too old: what a stock Feast SDK is to read as it is read here.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { file, featureLog } from '../../../src/adapters/file/index.ts';
import {
  type Config,
  count,
  countBy,
  defineConfig,
  entity,
  featureService,
  featureView,
  greatest,
  last,
  lastN,
  lifetime,
  onDemandView,
  select,
  stream,
  sum,
  t,
  when,
} from '../../../src/index.ts';
import type { OnlineStoreBinding } from '../../../src/ports/online-store.ts';

/** An instant that is now for whoever reads: the newest event. */
export const startMs = Date.UTC(2026, 10, 20, 12);

const user = entity('user', { key: { user_id: t.string() } });
const pair = entity('pair', { key: { user_id: t.string(), item_id: t.int64() } });
const day = entity('day', { key: { day: t.date(), slot: t.int32() } });
const minute = entity('minute', { key: { minute: t.timestamp() } });
const everything = entity('everything', { key: {} });

const place = t.struct({ city: t.string(), zip: t.int32().nullable() });

const events = stream('events', {
  schema: {
    user_id: t.string(),
    item_id: t.int64(),
    day: t.date(),
    slot: t.int32(),
    minute: t.timestamp(),
    flag: t.bool().nullable(),
    small: t.int32().nullable(),
    big: t.int64().nullable(),
    single: t.float32().nullable(),
    double: t.float64().nullable(),
    text: t.string().nullable(),
    raw: t.bytes().nullable(),
    at: t.timestamp().nullable(),
    born: t.date().nullable(),
    price: t.decimal(10, 2).nullable(),
    doc: t.json().nullable(),
    bigs: t.list(t.int64()).nullable(),
    doubles: t.list(t.float64()).nullable(),
    texts: t.list(t.string()).nullable(),
    flags: t.list(t.bool()).nullable(),
    stamps: t.list(t.timestamp()).nullable(),
    raws: t.list(t.bytes()).nullable(),
    nested: t.list(t.list(t.int64())).nullable(),
    counts: t.map(t.int64()).nullable(),
    place: place.nullable(),
    places: t.list(place).nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});

/** Names of the fields of `events` that are features as they come. */
export const plainFeatures = [
  ...['flag', 'small', 'big', 'single', 'double', 'text', 'raw', 'at', 'born', 'price', 'doc'],
  ...['bigs', 'doubles', 'texts', 'flags', 'stamps', 'raws', 'nested', 'counts', 'place', 'places'],
] as const;

export const allTypes = featureView('all_types', {
  entity: user,
  from: events,
  owner: 'features-team',
  description: 'Every type that a feature can have',
  tags: ['test'],
  freshness: '5s',
  features: (e) => ({
    flag: last(e.flag).over(lifetime()),
    small: last(e.small).over(lifetime()),
    big: last(e.big).over(lifetime()),
    single: last(e.single).over(lifetime()),
    double: last(e.double).over(lifetime()),
    text: last(e.text).over(lifetime()),
    raw: last(e.raw).over(lifetime()),
    at: last(e.at).over(lifetime()),
    born: last(e.born).over(lifetime()),
    price: last(e.price).over(lifetime()),
    doc: last(e.doc).over(lifetime()),
    bigs: last(e.bigs).over(lifetime()),
    doubles: last(e.doubles).over(lifetime()),
    texts: last(e.texts).over(lifetime()),
    flags: last(e.flags).over(lifetime()),
    stamps: last(e.stamps).over(lifetime()),
    raws: last(e.raws).over(lifetime()),
    nested: last(e.nested).over(lifetime()),
    counts: last(e.counts).over(lifetime()),
    place: last(e.place).over(lifetime()),
    places: last(e.places).over(lifetime()),
    events: count().over(lifetime()),
    by_text: countBy(e.text, { max: 5 }).over(lifetime()),
  }),
});

export const pairs = featureView('pairs', {
  entity: pair,
  from: events,
  ttl: '30d',
  features: (e) => ({
    pair_events: count().over(lifetime()),
    pair_doubles: lastN(e.double, 3).over(lifetime()),
  }),
  derive: (f) => ({ pair_twice: f.pair_events.times(2) }),
});

/** By the end of the events its rows of the first users are past their ttl. */
export const shortLived = featureView('short_lived', {
  entity: user,
  from: events,
  ttl: '1h',
  features: (e) => ({ short_sum: sum(e.double).over(lifetime()) }),
});

export const days = featureView('days', {
  entity: day,
  from: events,
  features: () => ({ day_events: count().over(lifetime()) }),
});

export const minutes = featureView('minutes', {
  entity: minute,
  from: events,
  features: () => ({ minute_events: count().over(lifetime()) }),
});

export const totals = featureView('totals', {
  entity: everything,
  from: events,
  features: () => ({ total_events: count().over(lifetime()) }),
});

/** Every function that Feast's SDK can compute by the rules we have, on what is there and what is null. */
export const computed = onDemandView('computed', {
  from: { allTypes, pairs },
  request: { x: t.float64().nullable(), n: t.int64().nullable(), word: t.string().nullable() },
  tags: ['test'],
  features: (r, { allTypes: a, pairs: p }) => ({
    added: a.double.plus(r.x).minus(0.25).times(2),
    quotient: r.x.div(p.pair_events),
    by_zero: p.pair_events.div(0),
    rest: r.n.mod(3),
    rounded: r.x.round(),
    floored: r.x.floor(),
    raised: r.x.ceil().abs().neg(),
    root: r.x.sqrt(),
    logarithm: r.x.ln(),
    power: r.x.pow(2).exp(),
    more: r.n.plus(p.pair_events),
    has_flag: a.flag.eq(true).or(r.x.gt(1)),
    both: a.flag.and(r.x.lte(1)),
    named: r.word.concat('!').concat(a.text),
    word_length: r.word.length(),
    starts: r.word.startsWith('é'),
    choice: when(r.x.isNull(), 'none').when(r.x.lt(0), 'negative').otherwise('positive'),
    first: a.text.coalesce(r.word).coalesce('nothing'),
    listed: r.word.in(['élan', 'other']),
    greatest: greatest(r.x, a.double),
  }),
});

/** Python has other rules for this: it stays with our server. */
export const computedHere = onDemandView('computed_here', {
  request: { word: t.string() },
  features: (r) => ({ upper: r.word.upper() }),
});

export const priced = featureService('priced', {
  features: [select(allTypes, 'text'), select(computed, 'added', 'choice')],
});

export const model = featureService('model', {
  owner: 'features-team',
  description: 'What the model reads',
  features: [select(allTypes, 'big', 'text'), pairs],
});

/** Lines of `events`: user u0 has every value, u1 only nulls, u2 what is odd; the last one is late by hours. */
export function eventLines(): readonly Readonly<Record<string, unknown>>[] {
  const key = { item_id: 7, day: '2026-11-20', slot: 3, minute: startMs };
  const full = {
    user_id: 'u0',
    flag: true,
    small: -7,
    single: 0.1,
    double: 1.5,
    text: 'é日本"\\',
    raw: Buffer.from([0, 255, 10]).toString('base64'),
    at: startMs - 3_600_000,
    born: '1999-12-31',
    price: '12.50',
    doc: { a: [1, 2.5, null], b: 'x' },
    doubles: [1.5, -0.25, 3],
    texts: ['a', '', 'é'],
    flags: [true, false],
    stamps: [0, startMs],
    raws: [Buffer.from([1]).toString('base64'), ''],
    counts: { a: 1, b: 2 },
    place: { city: 'Köln', zip: 50_667 },
    places: [
      { city: 'A', zip: 1 },
      { city: 'B', zip: 2 },
    ],
  };
  const odd = {
    user_id: 'u2',
    flag: false,
    small: 0,
    double: 2,
    text: '',
    bigs: [],
    texts: [],
    counts: {},
    at: 0,
    price: '-0.01',
    item_id: 8,
  };
  return [
    { ...key, ...full, ts: startMs - 7_200_000 },
    { ...key, user_id: 'u1', ts: startMs - 7_200_000 + 1 },
    { ...key, ...odd, ts: startMs },
  ];
}

/** What JSON text cannot hold as a number of JavaScript. */
const exact: Readonly<Record<string, string>> = {
  u0: '"big":9007199254740993,"bigs":[1,-2,9007199254740993],"nested":[[1,2],[],[-3]],',
  u1: '',
  u2: '"big":-9223372036854775808,"nested":[],',
};

/** Writes the events into a folder and gives the configuration that reads them there. */
export function allTypesProject(folder: string, online: OnlineStoreBinding): Config {
  mkdirSync(folder, { recursive: true });
  const lines = eventLines().map((line) => {
    const text = JSON.stringify(line);
    return `{${exact[String(line['user_id'])] ?? ''}${text.slice(1)}\n`;
  });
  writeFileSync(join(folder, 'events.jsonl'), lines.join(''));
  return defineConfig({
    project: 'every',
    definitions: [
      { user, pair, day, minute, everything, events },
      { allTypes, pairs, shortLived, days, minutes, totals, model },
      { computed, computedHere, priced },
    ],
    environments: {
      local: {
        streams: { events: file(join(folder, 'events.jsonl')) },
        online,
        offline: featureLog(join(folder, 'offline')),
      },
    },
  });
}
