// Watches groups: a report per look, with the trend over the last looks. Without a configuration it
// watches any group of any cluster.
import { openKafkaAdmin } from '../../adapters/kafka/admin/kafka-admin.ts';
import type { KafkaAccess } from '../../adapters/kafka/client/kafka-access.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import {
  type LagReport,
  type LagSample,
  type LagThresholds,
  lagReport,
} from '../../observe/lag.ts';
import type { BrokerAdmin } from '../../ports/broker-admin.ts';
import { boundClusters } from '../brokers/kafka-bindings.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { type SampledGroup, sampleLag } from './sample-lag.ts';

/** Options of `app.lag`. */
export interface LagOptions extends LagThresholds {
  /** Groups to look at, of any consumer. Default: those of the environment's job. */
  readonly groups?: readonly string[];
  /** Default: the clusters of the environment. */
  readonly access?: KafkaAccess;
  /** From one look to the next, in ms. Default 1000. */
  readonly intervalMs?: number;
  /** The trend is over this long, in ms. Default 60,000. */
  readonly trendMs?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

const defaultIntervalMs = 1000;
const defaultTrendMs = 60_000;

/** Reports of all groups, look by look, until the signal aborts. */
export async function* watchLag(
  project: ResolvedProject | null,
  options: LagOptions,
): AsyncGenerator<readonly LagReport[]> {
  const clock = systemClock;
  const { signal, intervalMs = defaultIntervalMs } = options;
  const clusters = await openClusters(project, options);
  const samples = new Map<string, readonly LagSample[]>();
  try {
    while (signal?.aborted !== true) {
      const startMs = clock.monotonicMs();
      yield await look(clusters, options, { samples, clock });
      const restMs = intervalMs - (clock.monotonicMs() - startMs);
      await clock.sleep(Math.max(0, restMs), signal);
    }
  } finally {
    await Promise.all(clusters.map(({ admin }) => admin.close()));
  }
}

/** One report of each group; with two looks, so that there is a trend. */
export async function readLag(
  project: ResolvedProject | null,
  options: LagOptions = {},
): Promise<readonly LagReport[]> {
  let looks = 0;
  for await (const reports of watchLag(project, options)) if (++looks === 2) return reports;
  return [];
}

interface Watch {
  readonly samples: Map<string, readonly LagSample[]>;
  readonly clock: Clock;
}

async function look(
  clusters: readonly OpenCluster[],
  { trendMs = defaultTrendMs, ...thresholds }: LagOptions,
  { samples, clock }: Watch,
): Promise<readonly LagReport[]> {
  const reports: LagReport[] = [];
  for (const [index, { admin, groups }] of clusters.entries()) {
    for (const group of groups) {
      const sample = await sampleLag(admin, group, clock);
      const name = `${index} ${group.group}`;
      const oldestMs = sample.atMs - trendMs;
      const kept = (samples.get(name) ?? []).filter(({ atMs }) => atMs >= oldestMs);
      const all = [...kept, sample];
      samples.set(name, all);
      reports.push(lagReport(all, thresholds));
    }
  }
  return reports;
}

interface WatchedCluster {
  readonly access: KafkaAccess;
  readonly groups: readonly SampledGroup[];
}

interface OpenCluster {
  readonly admin: BrokerAdmin;
  readonly groups: readonly SampledGroup[];
}

/** Groups that were named are looked at where they are; one that is nowhere is MR_USAGE. */
async function openClusters(
  project: ResolvedProject | null,
  options: LagOptions,
): Promise<readonly OpenCluster[]> {
  const open: OpenCluster[] = [];
  try {
    for (const { access, groups } of watched(project, options)) {
      open.push({ admin: await openKafkaAdmin(access), groups });
    }
    return options.groups === undefined ? open : await withNamed(open, options.groups);
  } catch (error) {
    await Promise.all(open.map(({ admin }) => admin.close()));
    throw error;
  }
}

async function withNamed(
  open: readonly OpenCluster[],
  names: readonly string[],
): Promise<readonly OpenCluster[]> {
  const known = await Promise.all(open.map(({ admin }) => admin.groups()));
  const all = known.flatMap((groups) => [...groups.keys()]);
  const missing = names.find((name) => !all.includes(name));
  if (missing !== undefined) {
    throw new MillraceError('MR_USAGE', `there is no group "${missing}"`, {
      fix: suggestName(missing, all),
    });
  }
  return open.map(({ admin, groups }, i) => ({
    admin,
    groups: groups.filter(({ group }) => known[i]?.has(group) === true),
  }));
}

function watched(
  project: ResolvedProject | null,
  { access, groups }: LagOptions,
): readonly WatchedCluster[] {
  const named = groups?.map((group) => ({ group, topics: [] }));
  if (access !== undefined && named !== undefined) return [{ access, groups: named }];
  if (project === null || access !== undefined) {
    throw new MillraceError('MR_USAGE', 'which group?', { fix: 'name it: --group my-consumers' });
  }
  return boundClusters(project).map(({ access: own, topics }) => {
    const read = Map.groupBy(
      topics.flatMap(({ group, topic }) => (group === null ? [] : [{ group, topic }])),
      ({ group }) => group,
    );
    const ours = [...read].map(([group, list]) => ({
      group,
      topics: list.map(({ topic }) => topic),
    }));
    return { access: own, groups: named ?? ours };
  });
}
