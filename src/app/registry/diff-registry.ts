// What changed between two registries, and what that does to whoever reads features. Breaking: a reader
// gets an error or another type. Values: the same name means other numbers. Else only words changed.
import type {
  RegistryDocument,
  RegistryFeature,
  RegistryOnDemandView,
  RegistryService,
  RegistryView,
} from './registry-document.ts';

export type RegistryEffect = 'breaking' | 'values' | 'words' | 'added';

export interface RegistryChange {
  /** `view user_spend`, `view user_spend: feature spend_1h`. */
  readonly what: string;
  readonly effect: RegistryEffect;
  /** `type: float64 → string`. */
  readonly detail: string;
}

/** The changes from one registry to another, in the order of what they are about. */
export function diffRegistries(
  before: RegistryDocument,
  after: RegistryDocument,
): readonly RegistryChange[] {
  return [
    ...diffNamed('entity', before.entities, after.entities, (place, a, b) => [
      ...changed(place, 'breaking', { key: [a.key, b.key] }),
      ...changed(place, 'words', { description: [a.description, b.description] }),
    ]),
    ...diffNamed('stream', before.streams, after.streams, (place, a, b) => [
      ...changed(place, 'values', {
        fields: [a.fields, b.fields],
        event_time: [a.event_time, b.event_time],
        out_of_orderness_ms: [a.out_of_orderness_ms, b.out_of_orderness_ms],
        id: [a.id, b.id],
      }),
      ...changed(place, 'words', { description: [a.description, b.description] }),
    ]),
    ...diffNamed('view', before.views, after.views, diffViews),
    ...diffNamed('on-demand view', before.on_demand, after.on_demand, diffOnDemand),
    ...diffNamed('service', before.services, after.services, diffServices),
  ];
}

interface Named {
  readonly name: string;
}

function diffNamed<T extends Named>(
  noun: string,
  before: readonly T[],
  after: readonly T[],
  compare: (place: string, a: T, b: T) => readonly RegistryChange[],
): readonly RegistryChange[] {
  const known = new Map(before.map((entry) => [entry.name, entry]));
  const changes = after.flatMap((entry): readonly RegistryChange[] => {
    const older = known.get(entry.name);
    const what = `${noun} ${entry.name}`;
    if (older === undefined) return [{ what, effect: 'added', detail: 'is new' }];
    return compare(what, older, entry);
  });
  const gone = before.filter(({ name }) => !after.some((entry) => entry.name === name));
  const lost = gone.map(
    ({ name }): RegistryChange => ({
      what: `${noun} ${name}`,
      effect: 'breaking',
      detail: 'is gone',
    }),
  );
  return [...changes, ...lost];
}

/** One change for each pair that differs. */
function changed(
  what: string,
  effect: RegistryEffect,
  pairs: Readonly<Record<string, readonly [unknown, unknown]>>,
): readonly RegistryChange[] {
  return Object.entries(pairs).flatMap(([name, [a, b]]) => {
    const [from, to] = [textOf(a), textOf(b)];
    return from === to ? [] : [{ what, effect, detail: `${name}: ${from} → ${to}` }];
  });
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([name, type]) => `${name} ${String(type)}`)
    .join(', ');
}

function diffViews(place: string, a: RegistryView, b: RegistryView): readonly RegistryChange[] {
  const specific = [
    ...changed(place, 'breaking', { entity: [a.entity, b.entity], key: [a.key, b.key] }),
    ...changed(place, 'values', {
      stream: [a.stream, b.stream],
      where: [a.where, b.where],
      emit: [a.emit, b.emit],
      ttl_ms: [a.ttl_ms, b.ttl_ms],
    }),
    ...diffFeatures(place, a.features, b.features),
  ];
  return [...orFingerprint(place, a, b, specific), ...promises(place, a, b)];
}

/** The definition changed in a way that no line says: as much has to be told. */
function orFingerprint(
  what: string,
  a: RegistryView | RegistryOnDemandView,
  b: RegistryView | RegistryOnDemandView,
  found: readonly RegistryChange[],
): readonly RegistryChange[] {
  const isSilent = found.every(({ effect }) => effect === 'words' || effect === 'added');
  if (a.fingerprint === b.fingerprint || !isSilent || found.length > 0) return found;
  return [{ what, effect: 'values', detail: 'is computed in another way' }];
}

function promises(
  place: string,
  a: RegistryView | RegistryOnDemandView,
  b: RegistryView | RegistryOnDemandView,
): readonly RegistryChange[] {
  const freshness =
    'freshness_ms' in a && 'freshness_ms' in b
      ? ([a.freshness_ms, b.freshness_ms] as const)
      : ([null, null] as const);
  return changed(place, 'words', {
    freshness_ms: freshness,
    owner: [a.owner, b.owner],
    description: [a.description, b.description],
    tags: [a.tags, b.tags],
  });
}

function diffOnDemand(
  place: string,
  a: RegistryOnDemandView,
  b: RegistryOnDemandView,
): readonly RegistryChange[] {
  const specific = [
    ...changed(place, 'breaking', { request: [a.request, b.request] }),
    ...changed(place, 'values', { from: [a.from, b.from] }),
    ...diffFeatures(place, a.features, b.features),
  ];
  return [...orFingerprint(place, a, b, specific), ...promises(place, a, b)];
}

function diffFeatures(
  place: string,
  before: readonly RegistryFeature[],
  after: readonly RegistryFeature[],
): readonly RegistryChange[] {
  return diffNamed(`${place}: feature`, before, after, (what, a, b) => [
    ...changed(what, 'breaking', { type: [a.type, b.type] }),
    ...changed(what, b.nullable ? 'breaking' : 'values', { nullable: [a.nullable, b.nullable] }),
    ...changed(what, 'values', { computed: [a.computed, b.computed] }),
  ]);
}

function diffServices(
  place: string,
  a: RegistryService,
  b: RegistryService,
): readonly RegistryChange[] {
  const lost = a.features.filter((name) => !b.features.includes(name));
  const added = b.features.filter((name) => !a.features.includes(name));
  const isMoved =
    lost.length === 0 && added.length === 0 && a.features.join() !== b.features.join();
  return [
    ...lost.map((name) => ({ what: place, effect: 'breaking' as const, detail: `lacks ${name}` })),
    ...added.map((name) => ({ what: place, effect: 'added' as const, detail: `has ${name}` })),
    ...(isMoved ? changed(place, 'words', { features: [a.features, b.features] }) : []),
    ...changed(place, 'words', {
      owner: [a.owner, b.owner],
      description: [a.description, b.description],
    }),
  ];
}
