// Moves a group's offsets, or says how it would. Refused while somebody reads: a group with members,
// or a job of ours, which reads without being a member and is known by the lease on its checkpoints.
// That lease is held while offsets move, so that no job starts in between.
import type { KafkaAccess } from '../../adapters/kafka/client/kafka-access.ts';
import { openCheckpointStore } from '../../engine/checkpoint/checkpoint-store.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { BrokerAdmin, TopicPartition } from '../../ports/broker-admin.ts';
import { type BoundCluster, boundClusters, withAdmin } from '../brokers/kafka-bindings.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from '../recovery/checkpoint-place.ts';
import { isRunningHere } from '../recovery/job-state.ts';
import {
  type OffsetMove,
  type PartitionBounds,
  type ResetTarget,
  commitsOf,
  planReset,
} from './plan-reset.ts';

/** Options of `app.offsets.reset`. */
export interface ResetOptions {
  readonly to: ResetTarget;
  /** Default: the group of the environment's job. */
  readonly group?: string;
  /** Default: the topics that the environment's streams read. */
  readonly topics?: readonly string[];
  /** Default: all partitions. */
  readonly partitions?: readonly number[];
  /** False: nothing is changed, only said. Default false. */
  readonly execute?: boolean;
}

/** What was moved, or would be. */
export interface ResetResult {
  readonly group: string;
  readonly executed: boolean;
  readonly moves: readonly OffsetMove[];
  /** What the operator has to know besides. */
  readonly notes: readonly string[];
}

export async function resetOffsets(
  project: ResolvedProject,
  options: ResetOptions,
): Promise<ResetResult> {
  const { cluster, group, topics } = chosen(project, options);
  const isOurs = cluster.topics.some((bound) => bound.group === group);
  return withAdmin(cluster.access, async (admin) => {
    await refuseMembers(admin, group);
    const release = isOurs ? await holdJob(project, group) : null;
    try {
      const bounds = await boundsOf(admin, { ...options, group, topics });
      const moves = planReset(bounds, options.to);
      const commits = commitsOf(moves);
      if (options.execute === true && commits.length > 0) await admin.commit(group, commits);
      const notes = isOurs && release !== null ? [checkpointNote] : [];
      return { group, executed: options.execute === true, moves, notes };
    } finally {
      await release?.();
    }
  });
}

const checkpointNote =
  'a job with checkpoints goes on from those: start it with --fresh-state to begin at these offsets';

interface Chosen {
  readonly cluster: BoundCluster & { readonly access: KafkaAccess };
  readonly group: string;
  readonly topics: readonly string[];
}

function chosen(project: ResolvedProject, { group, topics }: ResetOptions): Chosen {
  const clusters = boundClusters(project);
  const streams = clusters.flatMap((cluster) =>
    cluster.topics.filter(({ role }) => role === 'stream').map((bound) => ({ cluster, bound })),
  );
  const named = streams.filter(({ bound }) => topics?.includes(bound.topic) ?? true);
  const first = named[0] ?? streams[0];
  if (first === undefined) {
    throw new MillraceError('MR_CONFIG_INVALID', 'no stream of the environment reads a topic');
  }
  const { cluster } = first;
  const own = cluster.topics.filter(({ role }) => role === 'stream').map(({ topic }) => topic);
  return {
    cluster,
    group: group ?? first.bound.group ?? jobName(project),
    topics: topics ?? [...new Set(own)],
  };
}

async function refuseMembers(admin: BrokerAdmin, group: string): Promise<void> {
  if ((await admin.groups()).get(group) !== 'active') return;
  throw new MillraceError('MR_GROUP_ACTIVE', `group "${group}" has members that read now`, {
    fix: 'stop its consumers and try again once the group is empty',
  });
}

/** Holds the job's lease; null when the job has no checkpoints to hold it by. */
async function holdJob(
  project: ResolvedProject,
  group: string,
): Promise<(() => Promise<void>) | null> {
  if (project.settings.checkpoints === null) return null;
  const running = new MillraceError('MR_GROUP_ACTIVE', `the job of group "${group}" runs`, {
    fix: 'stop the job (millrace savepoint create <name> --stop), then reset its offsets',
  });
  if (isRunningHere(project)) throw running;
  const storage = checkpointStorageOf(project);
  try {
    const store = await openCheckpointStore({ storage, job: jobName(project), clock: systemClock });
    return () => store.close();
  } catch (error) {
    const isHeld = error instanceof MillraceError && error.code === 'MR_CHECKPOINT_IN_USE';
    throw isHeld ? running : error;
  }
}

async function boundsOf(
  admin: BrokerAdmin,
  options: ResetOptions & { readonly group: string; readonly topics: readonly string[] },
): Promise<readonly PartitionBounds[]> {
  const places = await partitionsOf(admin, options);
  const committed = await admin.committed(options.group);
  const { to } = options;
  const starts = await admin.offsets(places, 'earliest');
  const ends = await admin.offsets(places, 'latest');
  const instants =
    typeof to === 'object' && 'datetimeMs' in to
      ? await admin.offsets(places, { timestampMs: to.datetimeMs })
      : [];
  return places.map((place) => {
    const at = (list: readonly (TopicPartition & { offset: number })[]): number | null =>
      list.find((o) => o.topic === place.topic && o.partition === place.partition)?.offset ?? null;
    const instant = at(instants);
    return {
      ...place,
      committed: at(committed),
      startOffset: at(starts) ?? 0,
      endOffset: at(ends) ?? 0,
      atInstant: instant === null || instant < 0 ? null : instant,
    };
  });
}

async function partitionsOf(
  admin: BrokerAdmin,
  {
    topics,
    partitions,
  }: { readonly topics: readonly string[]; readonly partitions?: readonly number[] },
): Promise<readonly TopicPartition[]> {
  const described = await admin.topics(topics);
  const missing = topics.find((name) => !described.some(({ topic }) => topic === name));
  if (missing !== undefined) {
    throw new MillraceError('MR_KAFKA_TOPIC_UNKNOWN', `there is no topic "${missing}"`, {
      fix: suggestName(
        missing,
        described.map(({ topic }) => topic),
      ),
    });
  }
  const places = described.flatMap(({ topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
  const wrong = partitions?.find((number) => !places.some((place) => place.partition === number));
  if (wrong !== undefined) {
    throw new MillraceError('MR_USAGE', `no topic has a partition ${wrong}`, {
      fix: described.map(({ topic, partitions: n }) => `${topic} has 0 to ${n - 1}`).join(', '),
    });
  }
  return places.filter(({ partition }) => partitions?.includes(partition) ?? true);
}
