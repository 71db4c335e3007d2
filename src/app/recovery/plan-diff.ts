// What becomes of the state of a savepoint under the definitions of today, before anything runs.
import { parseSavepointReference, readSavepoint } from '../../engine/checkpoint/savepoints.ts';
import { planFromJson } from '../../plan/plan-json.ts';
import { comparePlans, type PlanComparison } from '../../plan/upgrade/compare-plans.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from './checkpoint-place.ts';
import { storageAt } from './storage-at.ts';

export async function diffProject(
  project: ResolvedProject,
  savepoint: string,
): Promise<PlanComparison> {
  const reference = parseSavepointReference(savepoint, jobName(project));
  const { directory } = reference;
  const storage =
    directory === null ? checkpointStorageOf(project) : storageAt(directory, project.baseDirectory);
  const { manifest } = await readSavepoint(storage, reference);
  return comparePlans(planFromJson(JSON.stringify(manifest.plan.json)), project.plan);
}
