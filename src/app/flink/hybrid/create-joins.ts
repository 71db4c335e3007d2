// Before a job of Flink begins: the topics by which the engine gets its rows.
import { streamOf } from '../../../plan/plan.ts';
import { withAdmin } from '../../brokers/kafka-bindings.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { upsertBrokers } from '../flink-tables-of.ts';
import { placementOf } from './placement.ts';
import { accessOf, createRowsTopics, rowsTopic } from './rows-topic.ts';

/** Makes the topics that are not there; says which there are. Errors: MR_FLINK_DEPLOYMENT, MR_KAFKA_*. */
export async function createJoins(
  project: ResolvedProject,
  onStep: (text: string) => void = () => undefined,
): Promise<void> {
  const { plan } = project;
  const { engine } = placementOf(project);
  const joined = plan.views
    .filter(({ name }) => engine.has(name))
    .map((view) => streamOf(plan, view).rowsOf)
    .filter((name) => name !== undefined && !engine.has(name));
  const brokers = upsertBrokers(project);
  if (joined.length === 0 || brokers === null) return;
  const topics = [...new Set(joined)].map((view) => rowsTopic(project, view as string));
  await withAdmin(accessOf(brokers), (admin) => createRowsTopics(admin, topics, project));
  onStep(`rows go to the engine by ${topics.join(', ')}`);
}
