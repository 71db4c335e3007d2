// Upsert topics are compacted: the newest row of each key is kept for ever, which is what a loader without
// a state reads. Whoever comes first makes them; a topic that is there is left as it is.
import type { BrokerAdmin } from '../../../ports/broker-admin.ts';
import { withAdmin } from '../../brokers/kafka-bindings.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { upsertBrokers } from '../flink-tables-of.ts';
import { placementOf } from '../hybrid/placement.ts';
import { accessOf } from '../hybrid/rows-topic.ts';
import { loadedGroups } from './loaded-groups.ts';

const replicasMax = 3;

/** Segments are compacted an hour after they were begun, so that there is little to read again. */
const settings = {
  'cleanup.policy': 'compact',
  'segment.ms': '3600000',
  'min.cleanable.dirty.ratio': '0.2',
};

/** Before a job of Flink begins: else brokers would make its topics by themselves, and not compacted. */
export async function createLoadedTopics(project: ResolvedProject): Promise<void> {
  const brokers = upsertBrokers(project);
  if (brokers === null || project.environment.online === undefined) return;
  const topics = placementOf(project).flinkPlan.views.flatMap((view) =>
    loadedGroups(project, view).map(({ topic }) => topic),
  );
  if (topics.length === 0) return;
  await withAdmin(accessOf(brokers), (admin) => createUpsertTopics(admin, topics, project));
}

/** Makes those that are not there. */
export async function createUpsertTopics(
  admin: BrokerAdmin,
  topics: readonly string[],
  { environment, settings: run }: Pick<ResolvedProject, 'environment' | 'settings'>,
): Promise<void> {
  const found = new Set((await admin.topics(topics)).map(({ topic }) => topic));
  const missing = topics.filter((topic) => !found.has(topic));
  if (missing.length === 0) return;
  const brokers = await admin.brokerCount();
  for (const topic of missing) {
    const { partitions = run.parallelism, replicas = replicasMax } =
      environment.topics?.[topic] ?? {};
    const made = { topic, partitions, replicas: Math.min(replicas, brokers), settings };
    await admin.createTopic(made).catch(async (error: unknown) => {
      // Somebody else was quicker.
      const [there] = await admin.topics([topic]);
      if (there === undefined) throw error;
    });
  }
}
