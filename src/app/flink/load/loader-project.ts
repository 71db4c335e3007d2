// What a run of an environment on Flink loads: the project with the loader's plan, and the upsert topics
// as its streams. The online store stays that of the views themselves.
import { type KafkaBinding, kafka } from '../../../adapters/kafka/kafka.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { BrokerAdmin } from '../../../ports/broker-admin.ts';
import type { Source } from '../../../ports/source.ts';
import type { VectorSink } from '../../../ports/vector-sink.ts';
import { withAdmin } from '../../brokers/kafka-bindings.ts';
import { clockModeOf } from '../../clock-mode.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { upsertBrokers } from '../flink-tables-of.ts';
import { CatchUp } from './catch-up.ts';
import { type GroupTopic, groupsSource, jsonOptions } from './groups-source.ts';
import { type LoadedGroup, loadedGroups, topicFields } from './loaded-groups.ts';
import { groupsStream, type LoadedView, loaderPlan } from './loader-plan.ts';
import { loadingSink } from './loading-sink.ts';
import { createUpsertTopics } from './upsert-topics.ts';

/** A project whose run loads what Flink computes. */
export interface LoaderProject {
  readonly project: ResolvedProject;
  /** The online store's sink, behind the merging of groups. */
  through(sink: VectorSink): VectorSink;
}

/** Throws MR_CONFIG_INVALID when there is no online store to load. */
export function loaderProject(project: ResolvedProject): LoaderProject {
  const { plan, environment, env, settings } = project;
  const brokers = upsertBrokers(project);
  if (environment.online === undefined || brokers === null) {
    const lacks = brokers === null ? 'no topic of Kafka' : 'no online store';
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      `environment "${env}" runs on Flink and has ${lacks}: there is nothing to load`,
      { context: { path: `environments.${env}` }, fix: 'add online: redis(…), or do not run it' },
    );
  }
  const catchUp = new CatchUp();
  const loaded = plan.views.map((view) => ({ view, groups: loadedGroups(project, view) }));
  const streams = Object.fromEntries(
    loaded.map((one) => [
      groupsStream(one.view.name),
      viewSource(one, { project, brokers, catchUp }),
    ]),
  );
  const { outputs: _outputs, offline: _offline, engine: _engine, ...others } = environment;
  return {
    project: {
      ...project,
      environment: { ...others, streams, clock: clockModeOf(project) },
      plan: loaderPlan(plan, loaded),
      streamsInUse: Object.keys(streams),
      // What Flink is given says nothing of one loader.
      settings: { ...settings, parallelism: 1 },
    },
    through: (sink) => loadingSink(sink, { loaded, catchUp, nowMs: systemClock.nowMs() }),
  };
}

interface SourceParts {
  readonly project: ResolvedProject;
  readonly brokers: KafkaBinding;
  readonly catchUp: CatchUp;
}

function viewSource({ view, groups }: LoadedView, parts: SourceParts): Source {
  const { catchUp } = parts;
  const keyFields: readonly Field[] = topicFields(view, { features: [] });
  return groupsSource({
    view: view.name,
    keyFields: keyFields.slice(0, view.key.length),
    begin: () => catchUp.begin(view.name),
    topics: groups.map((group) => groupTopic(group, topicFields(view, group), parts)),
  });
}

function groupTopic(
  group: LoadedGroup,
  fields: readonly Field[],
  { project, brokers }: SourceParts,
): GroupTopic {
  const { brokers: addresses, tls, sasl } = brokers.options;
  const access = {
    brokers: addresses,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
  const { topic } = group;
  return {
    group,
    fields,
    // Compaction keeps the newest row of each key: what is gone is not missed.
    source: kafka({ ...access, topic, formatOptions: jsonOptions, onOutOfRange: 'earliest' }),
    ends: () =>
      withAdmin(access, async (admin) => {
        await createUpsertTopics(admin, [topic], project);
        return endsOf(admin, topic);
      }),
  };
}

/** By the names of splits. */
async function endsOf(admin: BrokerAdmin, topic: string): Promise<ReadonlyMap<string, number>> {
  const [described] = await admin.topics([topic]);
  const count = described?.partitions ?? 0;
  const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
  const ends = await admin.offsets(partitions, 'latest');
  return new Map(ends.map(({ partition, offset }) => [`${topic}-${partition}`, offset]));
}
