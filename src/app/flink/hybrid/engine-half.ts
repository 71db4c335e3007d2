// The half of an environment on Flink that the engine computes: its views, the streams that they read, and
// where those come from. Rows of a view on Flink come from the topic that joins the two; rows of a view
// on the engine stay in the process.
import { kafka } from '../../../adapters/kafka/kafka.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type Plan, type RelationNode, type StreamNode, streamOf } from '../../../plan/plan.ts';
import { streamUid } from '../../../plan/uids.ts';
import type { Source } from '../../../ports/source.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { upsertBrokers } from '../flink-tables-of.ts';
import { placementOf } from './placement.ts';
import { accessOf, rowsTopic } from './rows-topic.ts';

/** Views on the engine, with what they read. */
export interface EngineHalf {
  readonly plan: Plan;
  /** Of each stream that comes from outside. */
  readonly sources: Readonly<Record<string, Source>>;
}

/** A partition that had no rows in so many of Flink's checkpoints holds nothing back. */
const idleCheckpoints = 3;
const idleSlackMs = 10_000;

export function engineHalf(project: ResolvedProject): EngineHalf {
  const { plan, environment } = project;
  const { engine } = placementOf(project);
  const views = plan.views.filter(({ name }) => engine.has(name));
  const read = new Set(views.map((view) => streamOf(plan, view).name));
  const streams = plan.streams.filter(({ name }) => read.has(name));
  const joins = streams.filter(({ rowsOf }) => rowsOf !== undefined && !engine.has(rowsOf));
  const names = new Map(joins.map(({ name, rowsOf }) => [name, joinedName(rowsOf as string)]));
  const bound = streams
    .filter(({ rowsOf }) => rowsOf === undefined)
    .map(({ name }) => [name, environment.streams[name]] as const)
    .filter((entry): entry is readonly [string, Source] => entry[1] !== undefined);
  const joined = joins.map(
    ({ rowsOf }) => [joinedName(rowsOf as string), rowsSource(rowsOf as string, project)] as const,
  );
  return {
    plan: {
      ...plan,
      views: views.map((view) => ({ ...view, from: renamed(view.from, names) })),
      streams: streams.map((stream) =>
        joins.includes(stream) ? joinedNode(stream, project) : stream,
      ),
    },
    sources: Object.fromEntries([...bound, ...joined]),
  };
}

/** Rows that come from outside are a stream like any other, and need a name like any other's. */
function joinedName(view: string): string {
  return `rows_from_flink_${view}`;
}

function renamed(from: RelationNode, names: ReadonlyMap<string, string>): RelationNode {
  if (from.kind === 'filter') return { ...from, input: renamed(from.input, names) };
  return { ...from, stream: names.get(from.stream) ?? from.stream };
}

function joinedNode({ rowsOf, ...node }: StreamNode, { settings }: ResolvedProject): StreamNode {
  const name = joinedName(rowsOf as string);
  const checkpointMs = settings.checkpoints?.intervalMs ?? 0;
  const idleTimeoutMs = idleCheckpoints * checkpointMs + idleSlackMs;
  return { ...node, name, uid: streamUid(name), eventTime: { ...node.eventTime, idleTimeoutMs } };
}

function rowsSource(view: string, project: ResolvedProject): Source {
  const brokers = upsertBrokers(project);
  if (brokers === null) {
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      `rows of view "${view}" come from Flink by a topic, and environment "${project.env}" has no Kafka`,
      { fix: 'bind a stream or an output to kafka(…)' },
    );
  }
  const topic = rowsTopic(project, view);
  return kafka({ ...accessOf(brokers), topic, formatOptions: { timestamp: 'iso' } });
}
