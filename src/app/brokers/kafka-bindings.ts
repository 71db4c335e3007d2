// The topics of an environment, by cluster, and the groups that read them. A cluster is a list of
// brokers: bindings with the same list share one administrator.
import { openKafkaAdmin } from '../../adapters/kafka/admin/kafka-admin.ts';
import type { KafkaAccess } from '../../adapters/kafka/client/kafka-access.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { streamOf, type ViewNode } from '../../plan/plan.ts';
import type { BrokerAdmin } from '../../ports/broker-admin.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { isFlinkBinding } from '../flink/flink-binding.ts';
import { flinkGroup, upsertBrokers } from '../flink/flink-tables-of.ts';
import { placementOf } from '../flink/hybrid/placement.ts';
import { loadedGroups } from '../flink/load/loaded-groups.ts';
import { jobName } from '../recovery/checkpoint-place.ts';

/** A topic that an environment reads or writes. */
export interface BoundTopic {
  /** Of the stream, or of the view whose vectors are written. */
  readonly name: string;
  readonly role: 'stream' | 'output';
  readonly topic: string;
  /** Who of us reads it; null for outputs that nobody does. */
  readonly group: string | null;
}

export interface BoundCluster {
  readonly access: KafkaAccess;
  readonly topics: readonly BoundTopic[];
}

/** What is known of a binding to a topic, whatever else its options are. */
interface KafkaLike {
  readonly kind: 'kafka';
  readonly options: KafkaAccess & { readonly topic: string; readonly group?: string };
}

function isKafka(binding: unknown): binding is KafkaLike {
  return typeof binding === 'object' && binding !== null && 'kind' in binding
    ? binding.kind === 'kafka'
    : false;
}

interface FoundTopic {
  readonly binding: KafkaLike;
  readonly topic: BoundTopic;
}

/** Throws MR_CONFIG_INVALID when the environment has no topic. */
export function boundClusters(project: ResolvedProject): readonly BoundCluster[] {
  const { environment, env, streamsInUse } = project;
  const found: FoundTopic[] = [];
  for (const name of streamsInUse) {
    const binding: unknown = environment.streams[name];
    if (!isKafka(binding)) continue;
    const { topic } = binding.options;
    for (const group of groupsOf(project, name, binding)) {
      found.push({ binding, topic: { name, role: 'stream', topic, group } });
    }
  }
  found.push(...loadedTopics(project));
  for (const [name, binding] of Object.entries(environment.outputs ?? {})) {
    if (!isKafka(binding)) continue;
    const { topic } = binding.options;
    found.push({ binding, topic: { name, role: 'output', topic, group: null } });
  }
  if (found.length === 0) {
    throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" has no topic of Kafka`, {
      context: { path: `environments.${env}` },
      fix: 'choose another with --env, or bind a stream to kafka(…)',
    });
  }
  const clusters = Map.groupBy(found, ({ binding }) => [...binding.options.brokers].sort().join());
  return [...clusters.values()].map((members) => {
    const { brokers, tls, sasl } = (members[0] as (typeof members)[number]).binding.options;
    const access: KafkaAccess = {
      brokers,
      ...(tls === undefined ? {} : { tls }),
      ...(sasl === undefined ? {} : { sasl }),
    };
    return { access, topics: members.map(({ topic }) => topic) };
  });
}

/** Topics by which views that Flink computes come to the online store; their loader reads them. */
function loadedTopics(project: ResolvedProject): readonly FoundTopic[] {
  const binding = upsertBrokers(project);
  const { environment } = project;
  if (!isFlinkBinding(environment.engine) || binding === null) return [];
  if (environment.online === undefined) return [];
  const group = jobName(project);
  return placementOf(project).flinkPlan.views.flatMap((view) =>
    loadedGroups(project, view).map(({ topic }) => ({
      binding,
      topic: { name: view.name, role: 'output' as const, topic, group },
    })),
  );
}

/** Who reads a stream: Flink, the environment's job, or both. */
function groupsOf(
  project: ResolvedProject,
  stream: string,
  { options }: KafkaLike,
): readonly string[] {
  const { environment, env, plan } = project;
  if (!isFlinkBinding(environment.engine)) return [groupOf(project, options.group)];
  const { engine, flinkPlan } = placementOf(project);
  const isRead = (view: ViewNode): boolean => streamOf(plan, view).name === stream;
  const isOnEngine = plan.views.some((view) => engine.has(view.name) && isRead(view));
  return [
    ...(flinkPlan.views.some(isRead) ? [flinkGroup(project.project, env, options.group)] : []),
    ...(isOnEngine ? [groupOf(project, options.group)] : []),
  ];
}

/** The group that the environment's job commits to; a second job has its own. */
function groupOf(project: ResolvedProject, group: string | undefined): string {
  if (group === undefined) return jobName(project);
  return project.variant === null ? group : `${group}.${project.variant}`;
}

export async function withAdmin<T>(
  access: KafkaAccess,
  body: (admin: BrokerAdmin) => Promise<T>,
): Promise<T> {
  const admin = await openKafkaAdmin(access);
  try {
    return await body(admin);
  } finally {
    await admin.close();
  }
}
