// A job: one life after the other, until its input has ended, it is stopped, or it fails for good. A
// failure that may pass sends it back to its last checkpoint, as the restart strategy says. However it
// ends, sinks are closed before `done` settles.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import { CheckpointLog } from './checkpoint-log.ts';
import { JobAttempt } from './job-attempt.ts';
import { JobOutput } from './job-output.ts';
import { JobReport } from './job-report.ts';
import type { Job, JobSpec, JobState, JobSummary } from './job-spec.ts';
import { decideRestart, noFailures, type RestartState } from './restart-strategy.ts';

/**
 * Starts computing the views of a plan. **Shape**: records of the sources in, feature vectors to
 * every sink. **Order**: of one split, its own; bounded input gives the same vectors every time.
 * **Guarantee**: a record is applied to every view of its stream or becomes a dead letter; the job
 * holds no more than one batch per split beyond what its sinks have taken. With checkpoints it goes on
 * where the last complete one was, its state and every sink that takes part as if nothing had happened.
 * **Errors**: `done` rejects with what a source or a sink threw, after closing everything;
 * MR_CONFIG_UNBOUND_STREAM and MR_UNKNOWN_VIEW before anything is opened; MR_INTERNAL for a bug of ours.
 */
export function startJob(spec: JobSpec): Job {
  const runner = new JobRunner(spec);
  const done = runner.run();
  return {
    done,
    stop: async () => {
      runner.stop();
      await done.catch(() => undefined);
    },
    checkpoint: () => runner.checkpoint(),
    progress: () => runner.report.progress(),
    summary: () => runner.report.summary(),
  };
}

class JobRunner {
  readonly report: JobReport;
  readonly #spec: JobSpec;
  readonly #output: JobOutput;
  readonly #log = new CheckpointLog();
  readonly #stopping = new AbortController();
  #attempt: JobAttempt | null = null;
  #failures: RestartState = noFailures;
  #completed = 0;

  constructor(spec: JobSpec) {
    this.#spec = spec;
    this.#output = new JobOutput({ ...spec, hasEpochs: spec.checkpoints !== undefined });
    this.report = new JobReport(spec, this.#output, this.#log);
  }

  stop(): void {
    this.#stopping.abort();
    this.#attempt?.stop();
  }

  checkpoint(): Promise<Manifest> {
    const attempt = this.#attempt;
    if (attempt !== null) return attempt.checkpoint();
    return Promise.reject(new MillraceError('MR_CHECKPOINT_FAILED', 'the job is not running'));
  }

  async run(): Promise<JobSummary> {
    let failure = await this.#runAll();
    const closing = await this.#output.close();
    failure ??= closing === null ? null : asMillraceError(closing);
    this.report.end(endState(failure, this.#stopping.signal.aborted));
    if (failure !== null) throw failure;
    return this.report.summary();
  }

  async #runAll(): Promise<MillraceError | null> {
    const { signal } = this.#stopping;
    for (let life = 0; ; life++) {
      const { report } = this;
      const options = { spec: this.#spec, output: this.#output, log: this.#log, report, life };
      const attempt = new JobAttempt(options);
      this.#attempt = attempt;
      const ended = await attempt.run();
      this.#attempt = null;
      if (ended === null) return null;
      const failure = asMillraceError(ended);
      if (signal.aborted || !(await this.#mayGoOn(failure, attempt.hasRun))) return failure;
      if (signal.aborted) return failure;
    }
  }

  /** Waits as the strategy says; false when the job ends with its failure. */
  async #mayGoOn(error: MillraceError, wasRunning: boolean): Promise<boolean> {
    const { checkpoints, restart = { kind: 'none' }, clock, random } = this.#spec;
    if (checkpoints === undefined) return false;
    const { completed } = this.#log.progress();
    const madeProgress = completed > this.#completed;
    this.#completed = completed;
    const failure = { error, atMs: clock.monotonicMs(), madeProgress, wasRunning };
    const decision = decideRestart(restart, this.#failures, failure, random ?? seededRandom(1));
    if (decision.kind === 'stop') return false;
    this.#failures = decision.state;
    this.#log.restarted(`${error.code}: ${error.message}`, clock.nowMs());
    checkpoints.report?.(`${error.message}; going back to the last checkpoint`);
    this.report.state = 'restarting';
    await clock.sleep(decision.delayMs, this.#stopping.signal);
    return true;
  }
}

function endState(failure: unknown, isStopping: boolean): JobState {
  if (failure !== null) return 'failed';
  return isStopping ? 'stopped' : 'finished';
}

/** Whatever was thrown, as an error that says whose it is. */
function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new MillraceError('MR_INTERNAL', `the job failed: ${what}`, { cause: error });
}
