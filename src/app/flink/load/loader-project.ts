// What a run of an environment on Flink does: the project with the loader's plan, and the upsert topics
// as its streams; beside them the views that are placed on the engine, in the same job. The online store
// stays that of the views themselves.
import { type KafkaBinding, kafka } from '../../../adapters/kafka/kafka.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { BrokerAdmin } from '../../../ports/broker-admin.ts';
import type { EnvironmentOptions } from '../../../define/config.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { Source } from '../../../ports/source.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import type { VectorSink } from '../../../ports/vector-sink.ts';
import { withAdmin } from '../../brokers/kafka-bindings.ts';
import { clockModeOf } from '../../clock-mode.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { storedViews } from '../../stored-views.ts';
import { upsertBrokers } from '../flink-tables-of.ts';
import { engineHalf } from '../hybrid/engine-half.ts';
import { accessOf } from '../hybrid/rows-topic.ts';
import { CatchUp } from './catch-up.ts';
import { type GroupTopic, groupsSource, jsonOptions } from './groups-source.ts';
import { type LoadedGroup, loadedGroups, topicFields } from './loaded-groups.ts';
import { groupsStream, type LoadedView, loaderPlan } from './loader-plan.ts';
import { loadingSink } from './loading-sink.ts';
import { createUpsertTopics } from './upsert-topics.ts';

/** A project whose run loads what Flink computes, and computes the rest. */
export interface LoaderProject {
  readonly project: ResolvedProject;
  /** Views that this run has to log; Flink logs its own. */
  readonly logged: readonly StoredView[];
  /** The online store's sink, behind the merging of groups. */
  readonly through: (sink: VectorSink) => VectorSink;
}

/** Throws MR_CONFIG_INVALID when there is no online store to load, and nothing to compute. */
export function loaderProject(project: ResolvedProject): LoaderProject {
  const { plan, environment, env, settings } = project;
  const brokers = upsertBrokers(project);
  const half = engineHalf(project);
  const onEngine = new Set(half.plan.views.map(({ name }) => name));
  const canLoad = environment.online !== undefined && brokers !== null;
  if (!canLoad && onEngine.size === 0) {
    const lacks = brokers === null ? 'no topic of Kafka' : 'no online store';
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      `environment "${env}" runs on Flink and has ${lacks}: there is nothing to load`,
      { context: { path: `environments.${env}` }, fix: 'add online: redis(…), or do not run it' },
    );
  }
  const catchUp = new CatchUp();
  const loaded = (canLoad ? plan.views : [])
    .filter(({ name }) => !onEngine.has(name))
    .map((view) => ({ view, groups: loadedGroups(project, view) }));
  const topics =
    brokers === null
      ? []
      : loaded.map(
          (one) =>
            [groupsStream(one.view.name), viewSource(one, { project, brokers, catchUp })] as const,
        );
  const streams = { ...Object.fromEntries(topics), ...half.sources };
  return {
    project: {
      ...project,
      environment: { ...ownSinks(environment, onEngine), streams, clock: clockModeOf(project) },
      plan: withEngineViews(loaderPlan(plan, loaded), half.plan),
      streamsInUse: Object.keys(streams),
      // What Flink is given says nothing of one loader.
      settings: { ...settings, parallelism: 1 },
    },
    logged: storedViews(plan).filter(({ view }) => onEngine.has(view)),
    through: (sink) => loadingSink(sink, { loaded, catchUp, nowMs: systemClock.nowMs() }),
  };
}

/** Outputs and the log of views on the engine: Flink fills those of its own. */
function ownSinks(
  environment: EnvironmentOptions,
  onEngine: ReadonlySet<string>,
): Omit<EnvironmentOptions, 'engine'> {
  const { engine: _engine, offline, outputs = {}, ...others } = environment;
  const own = Object.entries(outputs).filter(([view]) => onEngine.has(view));
  return {
    ...others,
    outputs: Object.fromEntries(own),
    ...(offline === undefined || onEngine.size === 0 ? {} : { offline }),
  };
}

function withEngineViews(plan: Plan, { views, streams }: Plan): Plan {
  return { ...plan, views: [...plan.views, ...views], streams: [...plan.streams, ...streams] };
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
  const access = accessOf(brokers);
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
