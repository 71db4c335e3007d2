// Writes the status of a running job, every few seconds and when its state changes. That it cannot be
// written is said once and never fails the job. What another process may own by now is left alone.
import { currentProcess } from '../../engine/checkpoint/process-identity.ts';
import type { Job, JobProgress } from '../../engine/job/job-spec.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { jobName } from '../recovery/checkpoint-place.ts';
import { readStatus } from './job-status.ts';
import { isLive } from './judge-status.ts';
import type { RunWatch } from './run-watch.ts';
import { noProgress, statusDocument, type StatusRun } from './status-document.ts';
import { type StatusPlace, statusPlace } from './status-place.ts';

export interface StatusReporterOptions {
  readonly takesCheckpoints: boolean;
  readonly clock: Clock;
  /** Told once that the status cannot be written. */
  readonly report: (message: string) => void;
  /** Looked at as often as the job is, and told of in the status. */
  readonly watch?: RunWatch;
}

/** Whether anything has changed that cannot wait is looked at this often. */
const lookMs = 500;

/** Somebody else runs the job: its status is theirs. */
const othersJob: ReadonlySet<ErrorCode> = new Set(['MR_FENCED', 'MR_CHECKPOINT_IN_USE']);

export class StatusReporter {
  readonly #place: StatusPlace;
  readonly #run: StatusRun;
  readonly #options: StatusReporterOptions;
  readonly #project: ResolvedProject;
  readonly #over = new AbortController();
  #job: Job | null = null;
  #before: JobProgress | null = null;
  #following: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(project: ResolvedProject, options: StatusReporterOptions) {
    const takesCheckpoints = options.takesCheckpoints && project.settings.checkpoints !== null;
    const place = statusPlace(project, takesCheckpoints);
    if (place === null) throw new MillraceError('MR_INTERNAL', 'a status without a place');
    const { host, pid, place: where } = currentProcess(options.clock);
    this.#project = project;
    this.#place = place;
    this.#options = options;
    this.#run = {
      job: jobName(project),
      process: { host, pid, place: where },
      has_checkpoints: takesCheckpoints,
      interval_ms: place.intervalMs,
      started_at_ms: options.clock.nowMs(),
    };
  }

  /** When a run of the job was last heard of; null when it never was, or that cannot be known. */
  async lastWrittenMs(): Promise<number | null> {
    return (await this.#place.read().catch(() => null))?.written_at_ms ?? null;
  }

  /** The job is this process's and begins. */
  follow(job: Job): void {
    this.#job = job;
    this.#following = this.#follow(job);
  }

  /** The job could not be made this process's: told unless another one is at work for it. */
  async refused(error: unknown): Promise<void> {
    const others = await readStatus(this.#project).catch(() => null);
    if (others !== null && !isLive(others)) await this.end(error);
  }

  /** The job is over; `error`: what ended it, or null. Before anybody else can take it. */
  async end(error: unknown): Promise<void> {
    this.#over.abort();
    await this.#following;
    if (error instanceof MillraceError && othersJob.has(error.code)) return;
    await this.#write(this.#job?.progress() ?? noProgress, error);
  }

  async #follow(job: Job): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#over;
    let written = job.progress();
    await this.#write(written, null);
    let writtenMs = clock.monotonicMs();
    for (;;) {
      await clock.sleep(lookMs, signal);
      if (signal.aborted) return;
      this.#options.watch?.clock.look();
      const now = job.progress();
      const isDue = clock.monotonicMs() - writtenMs >= this.#place.intervalMs;
      if (!isDue && markOf(now) === markOf(written)) continue;
      writtenMs = clock.monotonicMs();
      written = now;
      await this.#write(now, null);
    }
  }

  async #write(now: JobProgress, error: unknown): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const { watch } = this.#options;
    const document = statusDocument(this.#run, now, this.#before, {
      nowMs,
      error,
      ...(watch === undefined ? {} : { watch }),
    });
    this.#before = now;
    try {
      await this.#place.write(document);
    } catch (failure) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      const why = failure instanceof Error ? failure.message : String(failure);
      this.#options.report(`the status cannot be written (${this.#place.description}): ${why}`);
    }
  }
}

/** What is written at once when it changes. */
function markOf({ state, restarts, checkpoints, failures }: JobProgress): string {
  const broken = failures.filter(({ isAlerting }) => isAlerting).map(({ stream }) => stream);
  return JSON.stringify([state, restarts.count, checkpoints.failed, broken]);
}
