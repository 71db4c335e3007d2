// What is told of a job's checkpoints and restarts; it outlives the attempts of a job.
import type { CheckpointProgress, CheckpointStats, RestartProgress } from './job-spec.ts';

export class CheckpointLog {
  restoredId: number | null = null;
  #completed = 0;
  #failed = 0;
  #failure: string | null = null;
  #last: CheckpointStats | null = null;
  #restarts: RestartProgress = { count: 0, last: null };

  completed(stats: CheckpointStats): void {
    this.#completed += 1;
    this.#failure = null;
    this.#last = stats;
  }

  failed(reason: string): void {
    this.#failed += 1;
    this.#failure = reason;
  }

  restarted(reason: string, atMs: number): void {
    this.#restarts = { count: this.#restarts.count + 1, last: { reason, atMs } };
  }

  progress(): CheckpointProgress {
    return {
      completed: this.#completed,
      failed: this.#failed,
      failure: this.#failure,
      last: this.#last,
      restoredId: this.restoredId,
    };
  }

  restarts(): RestartProgress {
    return this.#restarts;
  }
}
