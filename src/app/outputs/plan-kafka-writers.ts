// Which writers to Kafka a job needs: one for each cluster and guarantee. Of those of a cluster one
// commits the offsets of the streams that are read there and takes their dead letters and late records:
// the exactly-once one where there is one, so that all of it is one transaction.
import type { KafkaOptions } from '../../adapters/kafka/kafka-options.ts';
import type { Delivery } from '../../adapters/kafka/sink/plain-epochs.ts';
import type { ReadTopic } from '../../adapters/kafka/sink/group-offsets.ts';
import type { EnvironmentOptions } from '../../define/config.ts';
import { isKafkaBinding, kafkaMembers } from './kafka-binding.ts';

export interface PlannedWriter {
  /** Its name in manifests: the same as long as cluster and guarantee are. */
  readonly name: string;
  readonly options: KafkaOptions;
  readonly delivery: Delivery;
  readonly outputs: readonly { readonly view: string; readonly topic: string }[];
  readonly readTopics: readonly ReadTopic[];
}

/** What of a project decides it. */
export interface KafkaProject {
  readonly environment: EnvironmentOptions;
  readonly streamsInUse: readonly string[];
  /** Name of the job. */
  readonly job: string;
  /** Name of a second job of the environment; null for the first. */
  readonly variant: string | null;
}

interface Use {
  readonly options: KafkaOptions;
  readonly output?: { readonly view: string; readonly topic: string };
  readonly read?: ReadTopic;
}

export function planKafkaWriters(project: KafkaProject): readonly PlannedWriter[] {
  const clusters: Use[][] = [];
  for (const use of [...outputsOf(project), ...readsOf(project)]) {
    const same = clusters.find((uses) => uses.some((other) => isSameCluster(other, use)));
    if (same === undefined) clusters.push([use]);
    else same.push(use);
  }
  return clusters.flatMap(writersOf);
}

/** A second job of an environment writes to no topic of the first. */
function outputsOf({ environment, variant }: KafkaProject): readonly Use[] {
  if (variant !== null) return [];
  return Object.entries(environment.outputs ?? {}).flatMap(([view, binding]) => {
    if (!isKafkaBinding(binding)) return [];
    const { options } = binding;
    return [{ options, output: { view, topic: options.topic } }];
  });
}

function readsOf(project: KafkaProject): readonly Use[] {
  return project.streamsInUse.flatMap((stream) => {
    const binding = project.environment.streams[stream];
    return kafkaMembers(binding).map(({ options }) => {
      const read = { stream, topic: options.topic, group: groupOf(options, project) };
      return { options, read };
    });
  });
}

/** The consumer group of a stream: a second job has its own. */
function groupOf({ group }: KafkaOptions, project: KafkaProject): string {
  if (group === undefined) return project.job;
  return project.variant === null ? group : `${group}.${project.variant}`;
}

function isSameCluster(a: Use, b: Use): boolean {
  return a.options.brokers.some((broker) => b.options.brokers.includes(broker));
}

function writersOf(uses: readonly Use[], cluster: number): readonly PlannedWriter[] {
  const ofOutputs = Map.groupBy(
    uses.filter(({ output }) => output !== undefined),
    ({ options }) => options.delivery ?? 'at-least-once',
  );
  const readTopics = uses.flatMap(({ read }) => (read === undefined ? [] : [read]));
  const keeper: Delivery = ofOutputs.has('exactly-once') ? 'exactly-once' : 'at-least-once';
  const deliveries = new Set<Delivery>(ofOutputs.keys());
  if (readTopics.length > 0) deliveries.add(keeper);
  return [...deliveries].map((delivery) => {
    const own = ofOutputs.get(delivery) ?? [];
    return {
      name: cluster === 0 ? `kafka-${delivery}` : `kafka-${delivery}-${cluster}`,
      options: (own[0] ?? uses[0])?.options as KafkaOptions,
      delivery,
      outputs: own.flatMap(({ output }) => (output === undefined ? [] : [output])),
      readTopics: delivery === keeper ? readTopics : [],
    };
  });
}
