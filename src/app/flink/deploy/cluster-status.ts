// The job on the cluster as it is asked for beside the loader's own status. A cluster that does not answer
// is a state of its own: nothing is known then, and nothing is made up.
import { JobManager } from '../../../flink/client/job-manager.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { jobName } from '../../recovery/checkpoint-place.ts';
import { isFlinkBinding } from '../flink-binding.ts';
import { type FlinkStatus, flinkStatus } from './flink-status.ts';

/** The environment's job on its Flink cluster. */
export type ClusterStatus = KnownCluster | UnknownCluster;

/** What the JobManager says; whether the definitions have changed since, `millrace flink status` says. */
export interface KnownCluster extends Omit<FlinkStatus, 'is_current'> {
  readonly reachable: true;
}

/** The JobManager does not answer. */
export interface UnknownCluster {
  readonly reachable: false;
  readonly name: string;
  readonly state: 'UNKNOWN';
  readonly message: string;
}

/** Name of the environment's job on a cluster. */
export function clusterJobName(project: ResolvedProject): string {
  return `millrace-${jobName(project)}`;
}

/** Null when the environment does not run on Flink. A cluster that is away is a status, no error. */
export async function clusterStatus(project: ResolvedProject): Promise<ClusterStatus | null> {
  const { engine } = project.environment;
  if (!isFlinkBinding(engine)) return null;
  const name = clusterJobName(project);
  const manager = new JobManager({ url: engine.options.jobManager, clock: systemClock });
  try {
    const { is_current: _, ...status } = await flinkStatus(manager, name, null);
    return { ...status, reachable: true };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { reachable: false, name, state: 'UNKNOWN', message: error.message };
  }
}
