// The topics of an environment: what has to change, and changing it. Planning reads only; applying
// does the steps that are ready and, when told so, those that are held back.
import type { BrokerAdmin } from '../../ports/broker-admin.ts';
import { type BoundCluster, boundClusters, withAdmin } from '../brokers/kafka-bindings.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { type TopicDiff, type TopicStep, planTopic } from './plan-topics.ts';
import { wantedTopics } from './wanted-topics.ts';

/** Options of `app.topics.apply`. */
export interface ApplyTopicsOptions {
  /** Also add partitions to topics that are there: keys move. Default false. */
  readonly addPartitions?: boolean;
  /** Also compact topics that are not: older records of a key go. Default false. */
  readonly compact?: boolean;
}

/** What has to change. */
export interface TopicPlan {
  /** Nothing has to. */
  readonly equal: boolean;
  readonly topics: readonly TopicDiff[];
}

/** What was done, and what was left. */
export interface AppliedTopics {
  readonly done: readonly AppliedStep[];
  readonly left: readonly AppliedStep[];
}

/** A step and its topic. */
export interface AppliedStep extends TopicStep {
  readonly topic: string;
}

/** Topics of an environment. */
export interface Topics {
  /** Says what has to change; changes nothing. */
  plan(): Promise<TopicPlan>;
  /** Changes what is ready. Never makes anything smaller, never deletes. */
  apply(options?: ApplyTopicsOptions): Promise<AppliedTopics>;
}

export function topicsOf(project: ResolvedProject): Topics {
  return {
    plan: async () => {
      const diffs: TopicDiff[] = [];
      for (const cluster of boundClusters(project)) {
        diffs.push(...(await withAdmin(cluster.access, (admin) => diff(project, cluster, admin))));
      }
      return { equal: diffs.every(({ steps }) => steps.length === 0), topics: diffs };
    },
    apply: async (options = {}) => {
      const done: AppliedStep[] = [];
      const left: AppliedStep[] = [];
      for (const cluster of boundClusters(project)) {
        await withAdmin(cluster.access, async (admin) => {
          for (const topic of await diff(project, cluster, admin)) {
            for (const step of topic.steps) {
              const applied = { ...step, topic: topic.topic };
              if (!isWanted(step, options)) left.push(applied);
              else {
                await applyStep(admin, topic, step);
                done.push(applied);
              }
            }
          }
        });
      }
      return { done, left };
    },
  };
}

async function diff(
  { plan, environment, settings }: ResolvedProject,
  { topics }: BoundCluster,
  admin: BrokerAdmin,
): Promise<readonly TopicDiff[]> {
  const needs = environment.topics ?? {};
  const { parallelism } = settings;
  const wanted = wantedTopics({ plan, topics, needs, parallelism });
  const found = await admin.topics(wanted.map(({ topic }) => topic));
  const brokers = await admin.brokerCount();
  return wanted.map((one) =>
    planTopic(
      one,
      found.find(({ topic }) => topic === one.topic),
      brokers,
    ),
  );
}

function isWanted({ state, kind }: TopicStep, options: ApplyTopicsOptions): boolean {
  if (state !== 'held') return state === 'ready';
  return kind === 'add-partitions' ? options.addPartitions === true : options.compact === true;
}

async function applyStep(
  admin: BrokerAdmin,
  { topic, partitions, replicas, settings }: TopicDiff,
  { kind, setting, to }: TopicStep,
): Promise<void> {
  if (kind === 'create') await admin.createTopic({ topic, partitions, replicas, settings });
  else if (kind === 'add-partitions') await admin.addPartitions(topic, partitions);
  else if (setting !== null) await admin.setTopicSettings(topic, { [setting]: to });
}
