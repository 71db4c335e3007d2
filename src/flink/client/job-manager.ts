// The JobManager over REST: which jobs there are and how they are, savepoints, stop, cancel. Answers
// are narrowed to what is used; whatever Flink refuses becomes an error of ours with its reason.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type {
  ClusterOverview,
  JobCheckpoints,
  JobDetails,
  JobFailure,
  JobOverview,
} from './job-answers.ts';
import { rootCause } from './gateway-error.ts';
import { askRest } from './rest-request.ts';

/** Where the JobManager is, and how patient to be. */
export interface JobManagerOptions {
  /** `http://localhost:8081` */
  readonly url: string;
  readonly clock: Clock;
  /** A savepoint that takes longer is given up. Default 600,000. */
  readonly savepointTimeoutMs?: number;
}

/** How a savepoint is asked for. */
export interface SavepointRequest {
  readonly job: string;
  /** URI of a folder that the cluster reaches. */
  readonly directory: string;
  /** True: the job ends with it, and nothing is emitted after it. */
  readonly stop: boolean;
}

/** A metric of operators. */
export interface VertexCount {
  readonly metric: string;
  readonly operator?: string;
}

const pollMs = 200;

interface MetricSum {
  readonly id: string;
  readonly sum: number;
}

interface Trigger {
  readonly 'request-id': string;
}
interface SavepointAnswer {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation?: {
    readonly location?: string;
    readonly 'failure-cause'?: { readonly class: string; readonly 'stack-trace': string };
  };
}

export class JobManager {
  readonly #options: JobManagerOptions;

  constructor(options: JobManagerOptions) {
    this.#options = options;
  }

  /** Throws MR_FLINK_UNREACHABLE. */
  overview(): Promise<ClusterOverview> {
    return this.#get<ClusterOverview>('/overview');
  }

  /** Every job that the cluster still knows, ended ones too. */
  async jobs(): Promise<readonly JobOverview[]> {
    return (await this.#get<{ readonly jobs: readonly JobOverview[] }>('/jobs/overview')).jobs;
  }

  /** Throws MR_FLINK_JOB when the cluster does not know it. */
  job(id: string): Promise<JobDetails> {
    return this.#get(`/jobs/${id}`);
  }

  checkpoints(id: string): Promise<JobCheckpoints> {
    return this.#get(`/jobs/${id}/checkpoints`);
  }

  /** What a job was given as `pipeline.global-job-parameters`. */
  async parameters(id: string): Promise<Readonly<Record<string, string>>> {
    const answer = await this.#get<{
      readonly 'execution-config'?: { readonly 'user-config'?: Readonly<Record<string, string>> };
    }>(`/jobs/${id}/config`);
    return answer['execution-config']?.['user-config'] ?? {};
  }

  /** The newest failure of a job, or null when it had none. */
  async failure(id: string): Promise<JobFailure | null> {
    const answer = await this.#get<{
      readonly exceptionHistory?: {
        readonly entries?: readonly {
          readonly stacktrace: string;
          readonly timestamp: number;
          readonly taskName: string | null;
        }[];
      };
    }>(`/jobs/${id}/exceptions`);
    const [newest] = answer.exceptionHistory?.entries ?? [];
    if (newest === undefined) return null;
    const { stacktrace, timestamp, taskName } = newest;
    return {
      message: rootCause(stacktrace).message.split('\n')[0] ?? '',
      trace: stacktrace,
      atMs: timestamp,
      task: taskName ?? null,
    };
  }

  /** The lowest watermark of each vertex; null before the first. */
  async watermark(id: string, vertex: string): Promise<number | null> {
    const path = `/jobs/${id}/vertices/${vertex}/watermarks`;
    const values = await this.#get<readonly { readonly value: string }[]>(path);
    const instants = values.map(({ value }) => Number(value)).filter((ms) => ms > -(2 ** 62));
    return instants.length === 0 || instants.length < values.length ? null : Math.min(...instants);
  }

  /**
   * What a vertex counts, over its subtasks and operators: by the name of each metric, as in
   * `numLateRecordsDropped`. What nobody counts is missing. `operator`: how its operator's name begins.
   */
  async counts(
    id: string,
    vertex: string,
    wanted: readonly VertexCount[],
  ): Promise<ReadonlyMap<string, number>> {
    const path = `/jobs/${id}/vertices/${vertex}/subtasks/metrics`;
    const known = await this.#get<readonly { readonly id: string }[]>(path);
    const names = wanted.flatMap(({ metric, operator = '' }) =>
      known.flatMap((one) =>
        one.id.endsWith(`.${metric}`) && one.id.startsWith(operator) ? [one.id] : [],
      ),
    );
    const sums = new Map<string, number>();
    if (names.length === 0) return sums;
    const query = `${path}?agg=sum&get=${[...new Set(names)].map(encodeURIComponent).join(',')}`;
    for (const { id: name, sum } of await this.#get<readonly MetricSum[]>(query)) {
      const metric = name.slice(name.lastIndexOf('.') + 1);
      sums.set(metric, (sums.get(metric) ?? 0) + sum);
    }
    return sums;
  }

  /** How often the job was restarted since it was submitted. */
  async restarts(id: string): Promise<number> {
    const path = `/jobs/${id}/metrics?get=numRestarts`;
    const [metric] = await this.#get<readonly { readonly value: string }[]>(path);
    return Number(metric?.value ?? 0);
  }

  /** Makes a savepoint; resolves with its path once it is complete. Errors: MR_FLINK_SAVEPOINT. */
  async savepoint({ job, directory, stop }: SavepointRequest): Promise<string> {
    const { clock, savepointTimeoutMs = 600_000 } = this.#options;
    const trigger = await this.#ask<Trigger>({
      path: `/jobs/${job}/${stop ? 'stop' : 'savepoints'}`,
      method: 'POST',
      body: stop
        ? { targetDirectory: directory, drain: false, formatType: 'CANONICAL' }
        : { 'target-directory': directory, 'cancel-job': false, formatType: 'CANONICAL' },
    }).catch((error: unknown) => {
      throw this.#savepointError(job, error instanceof Error ? error.message : String(error));
    });
    const untilMs = clock.monotonicMs() + savepointTimeoutMs;
    while (clock.monotonicMs() < untilMs) {
      const path = `/jobs/${job}/savepoints/${trigger['request-id']}`;
      const { status, operation } = await this.#get<SavepointAnswer>(path);
      // A failure is completed too.
      const cause = operation?.['failure-cause'];
      if (cause !== undefined) throw this.#savepointError(job, cause['stack-trace']);
      if (status.id === 'COMPLETED' && operation?.location !== undefined) return operation.location;
      await clock.sleep(pollMs);
    }
    throw this.#savepointError(job, `it was not complete after ${savepointTimeoutMs} ms`);
  }

  #savepointError(job: string, trace: string): MillraceError {
    const [reason = ''] = rootCause(trace).message.split('\n');
    return new MillraceError('MR_FLINK_SAVEPOINT', `no savepoint was made: ${reason}`, {
      context: { job },
      fix: 'the job goes on as it was; let every machine of the cluster write to the folder of checkpoints',
    });
  }

  /** Ends a job without a savepoint. What has ended already is left alone. */
  async cancel(job: string): Promise<void> {
    await this.#ask({ path: `/jobs/${job}?mode=cancel`, method: 'PATCH' }).catch(
      (error: unknown) => {
        if (!(error instanceof MillraceError) || error.code !== 'MR_FLINK_JOB') throw error;
      },
    );
  }

  #get<T>(path: string): Promise<T> {
    return this.#ask<T>({ path });
  }

  async #ask<T>(request: {
    readonly path: string;
    readonly method?: 'POST' | 'PATCH';
    readonly body?: unknown;
  }): Promise<T> {
    const { url } = this.#options;
    const answer = await askRest({
      url,
      server: 'the JobManager',
      option: 'jobManager',
      ...request,
    });
    if (answer.ok) return answer.body as T;
    const [reason = ''] = rootCause(answer.trace).message.split('\n');
    throw new MillraceError('MR_FLINK_JOB', `the JobManager says: ${reason}`, {
      cause: new Error(answer.trace.slice(0, 2000)),
      fix: 'millrace flink status says which job runs',
    });
  }
}
