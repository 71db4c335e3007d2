// What is remembered of a deployment. The cluster says what runs (name and number of the job); this says
// what it was made from, so that it can be compared with what is to come and started again.
import { createHash } from 'node:crypto';
import type { FlinkProgram, FlinkStatement } from '../flink-program.ts';
import type { FlinkStatefulOperator } from './stable-ids.ts';

/** One deployment of an environment; what ran later has a greater number. */
export interface Deployment {
  readonly version: 1;
  readonly number: number;
  readonly fingerprint: string;
  readonly madeAtMs: number;
  /** Plan of the definitions as JSON. */
  readonly plan: string;
  /** Settings and tables, which a session needs before the plan is executed. */
  readonly statements: readonly FlinkStatement[];
  /** Name of the compiled plan beside this record. */
  readonly planFile: string;
  readonly parallelism: number;
  readonly operators: readonly FlinkStatefulOperator[];
  /** The savepoint that it began with; null: empty. */
  readonly from: string | null;
}

/** Parameters by which a job on the cluster says which deployment it is. */
export const deploymentParameters = {
  number: 'millrace.deployment',
  fingerprint: 'millrace.fingerprint',
} as const;

/** SHA-256 (hex) of everything that a job is made from: settings, tables, queries. */
export function programFingerprint({ statements, inserts }: FlinkProgram): string {
  const hash = createHash('sha256');
  for (const { text } of [...statements, ...inserts]) hash.update(text).update('\0');
  return hash.digest('hex');
}
