// The half of an environment on Flink that the engine computes: its views, the streams that they read, and
// where those come from. Rows of a view on Flink come from the topic that joins the two; rows of a view
// on the engine stay in the process.
import { kafka } from '../../../adapters/kafka/kafka.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type Plan, type StreamNode, streamOf } from '../../../plan/plan.ts';
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
  const streams = plan.streams
    .filter(({ name }) => read.has(name))
    .map((stream) => (isJoined(stream, engine) ? joined(stream, project) : stream));
  const sources = streams
    .filter(({ rowsOf }) => rowsOf === undefined)
    .flatMap(({ name }) => {
      const source = environment.streams[name] ?? rowsSource(name, project);
      return source === null ? [] : [[name, source] as const];
    });
  return { plan: { ...plan, views, streams }, sources: Object.fromEntries(sources) };
}

function isJoined({ rowsOf }: StreamNode, engine: ReadonlySet<string>): boolean {
  return rowsOf !== undefined && !engine.has(rowsOf);
}

/** The same rows from a topic: a stream like any other. */
function joined(stream: StreamNode, { settings }: ResolvedProject): StreamNode {
  const { rowsOf: _, ...node } = stream;
  const checkpointMs = settings.checkpoints?.intervalMs ?? 0;
  const idleTimeoutMs = idleCheckpoints * checkpointMs + idleSlackMs;
  return { ...node, eventTime: { ...node.eventTime, idleTimeoutMs } };
}

/** Null where nothing has that name, which is said elsewhere. */
function rowsSource(name: string, project: ResolvedProject): Source | null {
  const stream = project.plan.streams.find((candidate) => candidate.name === name);
  if (stream?.rowsOf === undefined) return null;
  const brokers = upsertBrokers(project);
  if (brokers === null) {
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      `rows of view "${stream.rowsOf}" come from Flink by a topic, and environment "${project.env}" has no Kafka`,
      { fix: 'bind a stream or an output to kafka(…)' },
    );
  }
  const topic = rowsTopic(project, stream.rowsOf);
  return kafka({ ...accessOf(brokers), topic, formatOptions: { timestamp: 'iso' } });
}
