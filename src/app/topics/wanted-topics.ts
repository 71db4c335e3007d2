// What the topics of an environment have to be like, from its definitions: what a replay needs to find
// in them, how records are keyed, how many partitions carry the load. Pure, and each answer says why.
import { parseDuration, formatDuration } from '../../kernel/duration.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import { streamOf } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import type { TopicNeeds } from '../../define/config.ts';
import type { BoundTopic } from '../brokers/kafka-bindings.ts';

/** What a topic has to be like. */
export interface WantedTopic {
  readonly topic: string;
  readonly role: 'stream' | 'output' | 'dead letters' | 'late records';
  /** Names of the key's fields: what records are partitioned by. */
  readonly key: readonly string[];
  readonly partitions: number;
  /** Null: as many as the cluster allows, at most three. */
  readonly replicas: number | null;
  /** Null: for ever. */
  readonly retentionMs: number | null;
  readonly compacted: boolean;
  /** Why it has to be so. */
  readonly reasons: readonly string[];
}

/** What one partition carries at ease: a producer with acknowledgements of all replicas. */
const partitionEventsPerSecond = 25_000;
/** Room for peaks and for catching up. */
const headroom = 2;
const asideRetentionMs = 30 * 86_400_000;

export interface WantedRequest {
  readonly plan: Plan;
  readonly topics: readonly BoundTopic[];
  readonly needs: Readonly<Record<string, TopicNeeds>>;
  readonly parallelism: number;
}

export function wantedTopics(request: WantedRequest): readonly WantedTopic[] {
  const streams = [...Map.groupBy(streamTopics(request), ({ topic }) => topic).values()];
  const outputs = request.topics.filter(({ role }) => role === 'output');
  return [
    ...streams.flatMap((bound) => streamWants(request, bound)),
    ...outputs.map((bound) => outputWants(request, bound)),
  ];
}

function streamTopics({ topics }: WantedRequest): readonly BoundTopic[] {
  return topics.filter(({ role }) => role === 'stream');
}

/** Several streams may read one topic: it has to be enough for all. */
function streamWants(request: WantedRequest, bound: readonly BoundTopic[]): readonly WantedTopic[] {
  const { plan, needs } = request;
  const topic = bound[0]?.topic ?? '';
  const views = plan.views.filter((view) =>
    bound.some(({ name }) => streamOf(plan, view).name === name),
  );
  const retention = retentionOf(plan, views, needs[topic]);
  const partitions = partitionsOf(request, topic);
  const { replicas = null } = needs[topic] ?? {};
  const aside = (role: 'dead letters' | 'late records', suffix: string): WantedTopic => ({
    topic: `${topic}.${suffix}`,
    role,
    key: [],
    partitions: 1,
    replicas,
    retentionMs: asideRetentionMs,
    compacted: false,
    reasons: [`retention: ${role} wait for somebody to look at them`],
  });
  return [
    {
      topic,
      role: 'stream',
      key: keyOf(views),
      partitions: partitions.count,
      replicas,
      retentionMs: retention.ms,
      compacted: false,
      reasons: [partitions.reason, retention.reason],
    },
    aside('dead letters', 'dlq'),
    aside('late records', 'late'),
  ];
}

function outputWants(request: WantedRequest, { name, topic }: BoundTopic): WantedTopic {
  const { plan, needs } = request;
  const views = plan.views.filter((view) => view.name === name);
  const partitions = partitionsOf(request, topic);
  return {
    topic,
    role: 'output',
    key: keyOf(views),
    partitions: partitions.count,
    replicas: needs[topic]?.replicas ?? null,
    retentionMs: null,
    compacted: true,
    reasons: [
      partitions.reason,
      'compacted: the newest vector of each key is all that readers need',
    ],
  };
}

/** The key of the entity that all views share; without one, the key of the first view. */
function keyOf(views: readonly ViewNode[]): readonly string[] {
  const keys = views.map(({ key }) => key.map(({ name }) => name));
  const [first = []] = keys.filter((key) => key.length > 0);
  return first;
}

function partitionsOf(
  { needs, parallelism }: WantedRequest,
  topic: string,
): { readonly count: number; readonly reason: string } {
  const { partitions, eventsPerSecond } = needs[topic] ?? {};
  if (partitions !== undefined) return { count: partitions, reason: 'partitions: as configured' };
  const load = Math.ceil(((eventsPerSecond ?? 0) * headroom) / partitionEventsPerSecond);
  const count = Math.max(1, load, parallelism);
  const why =
    load >= count && eventsPerSecond !== undefined
      ? `${eventsPerSecond} events/s, ${headroom} times over, at ${partitionEventsPerSecond} for each`
      : `as many as threads (${parallelism})`;
  return { count, reason: `partitions: ${why}` };
}

function retentionOf(
  plan: Plan,
  views: readonly ViewNode[],
  needs: TopicNeeds | undefined,
): { readonly ms: number | null; readonly reason: string } {
  const given = needs?.retention;
  if (given === 'forever') return { ms: null, reason: 'retention: as configured' };
  const needed = views.map((view) => replayWindow(plan, view));
  const longest = needed.reduce<Replay>((a, b) => (lengthOf(b) > lengthOf(a) ? b : a), {
    ms: 0,
    because: 'nothing reads it',
  });
  const configured = given === undefined ? null : parseDuration(given);
  if (configured !== null && configured >= lengthOf(longest)) {
    return { ms: configured, reason: 'retention: as configured' };
  }
  const length = longest.ms === null ? 'for ever' : formatDuration(longest.ms);
  return { ms: longest.ms, reason: `retention: a replay needs ${length}: ${longest.because}` };
}

interface Replay {
  /** Null: everything. */
  readonly ms: number | null;
  readonly because: string;
}

function lengthOf({ ms }: Replay): number {
  return ms ?? Number.POSITIVE_INFINITY;
}

/** How far back records have to be there to compute a view's features anew. */
function replayWindow(plan: Plan, view: ViewNode): Replay {
  const { outOfOrdernessMs } = streamOf(plan, view).eventTime;
  let longest: Replay = { ms: view.ttlMs ?? 0, because: `the ttl of ${view.name}` };
  for (const { name, window } of view.features) {
    const ms = windowLength(window);
    const candidate = { ms, because: `${view.name}.${name}` };
    if (lengthOf(candidate) > lengthOf(longest)) longest = candidate;
  }
  return longest.ms === null ? longest : { ...longest, ms: longest.ms + outOfOrdernessMs };
}

/** Null: all records count. */
function windowLength(window: WindowNode): number | null {
  switch (window.kind) {
    case 'rolling':
      return window.sizeMs + (window.resolutionMs ?? 0);
    case 'tumbling':
    case 'hopping':
    case 'cumulate':
      // The window before the one that is open is served until that one is over.
      return 2 * window.sizeMs + window.allowedLatenessMs;
    case 'lifetime':
    case 'rollingRows':
    case 'session':
      return null;
  }
}
