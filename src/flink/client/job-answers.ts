// What the JobManager answers, as far as it is read; names are Flink's own.

/** `/overview` */
export interface ClusterOverview {
  readonly 'flink-version': string;
  readonly taskmanagers: number;
  readonly 'slots-total': number;
  readonly 'slots-available': number;
}

/** States of a job after which nothing of it runs. */
export const endedStates: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED', 'SUSPENDED'];

/** One of `/jobs/overview` */
export interface JobOverview {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
}

/** `/jobs/:job` */
export interface JobDetails {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
  readonly duration: number;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly parallelism: number;
    readonly status: string;
  }[];
}

/** `/jobs/:job/checkpoints` */
export interface JobCheckpoints {
  readonly counts: { readonly completed: number; readonly failed: number };
  readonly latest: {
    readonly completed: {
      readonly id: number;
      readonly trigger_timestamp: number;
      readonly end_to_end_duration: number;
      readonly state_size: number;
      readonly external_path: string;
    } | null;
    readonly restored: {
      readonly is_savepoint: boolean;
      readonly external_path: string | null;
    } | null;
  };
}

/** Why a job failed: the reason at the bottom of its trace. */
export interface JobFailure {
  readonly message: string;
  readonly trace: string;
  readonly atMs: number;
  readonly task: string | null;
}
