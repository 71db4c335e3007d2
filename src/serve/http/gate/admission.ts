// How many requests are answered at once, and for how long each may wait. What comes on top is refused
// at once with 503, so that those inside keep their deadlines: a queue would only make all of them late.
// The delay of the event loop counts too, because reads that never wait are never many at once.
import type { Clock } from '../../../kernel/clock.ts';
import { RequestFailure } from '../../online/request-failure.ts';

export interface AdmissionOptions {
  /** Most requests that are answered at once. */
  readonly inFlightMax: number;
  /** The most that the event loop may be late, ms; 0: it is not watched. */
  readonly loopDelayMsMax: number;
  /** How long a request may take, ms. */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

export interface Admission {
  /** Counts a request in, until `leave`; throws RequestFailure (503) when there are too many. */
  enter(): void;
  leave(): void;
  /** The work, or RequestFailure (503) when it takes longer than `limitMs` or the server's deadline. */
  withinDeadline<T>(work: Promise<T>, limitMs: number): Promise<T>;
  /** Begins to watch the event loop. */
  watch(): void;
  readonly refusedCount: number;
  readonly inFlight: number;
  close(): void;
}

interface Waiting {
  readonly endMs: number;
  readonly limitMs: number;
  reject(reason: unknown): void;
}

const tickMs = 10;
const watchMs = 50;

export function createAdmission(options: AdmissionOptions): Admission {
  return new OpenAdmission(options);
}

class OpenAdmission implements Admission {
  inFlight = 0;
  refusedCount = 0;
  readonly #options: AdmissionOptions;
  readonly #stop = new AbortController();
  readonly #waiting = new Set<Waiting>();
  #isTicking = false;
  #loopDelayMs = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  enter(): void {
    const { inFlightMax, loopDelayMsMax } = this.#options;
    if (this.inFlight >= inFlightMax) {
      throw this.#busy(`${this.inFlight} requests are being answered`);
    }
    if (loopDelayMsMax > 0 && this.#loopDelayMs > loopDelayMsMax) {
      throw this.#busy(`requests wait ${Math.round(this.#loopDelayMs)} ms for their turn`);
    }
    this.inFlight += 1;
  }

  leave(): void {
    this.inFlight -= 1;
  }

  withinDeadline<T>(work: Promise<T>, limitMs: number): Promise<T> {
    const { clock, deadlineMs } = this.#options;
    const allowedMs = Math.min(limitMs, deadlineMs);
    return new Promise((resolve, reject) => {
      const waiting = { endMs: clock.monotonicMs() + allowedMs, limitMs: allowedMs, reject };
      this.#waiting.add(waiting);
      work.then(resolve, reject).finally(() => this.#waiting.delete(waiting));
      if (!this.#isTicking) void this.#tick();
    });
  }

  watch(): void {
    if (this.#options.loopDelayMsMax > 0) void this.#watchLoop();
  }

  close(): void {
    this.#stop.abort();
  }

  #busy(why: string): RequestFailure {
    this.refusedCount += 1;
    return new RequestFailure({
      code: 'MR_SERVE_BUSY',
      status: 503,
      message: `the server has too much to do: ${why}`,
      where: 'server',
      fix: 'try again after the seconds of retry-after, or run more workers (--workers)',
    });
  }

  /** Runs while somebody waits. */
  async #tick(): Promise<void> {
    const { clock } = this.#options;
    this.#isTicking = true;
    while (this.#waiting.size > 0 && !this.#stop.signal.aborted) {
      await clock.sleep(tickMs, this.#stop.signal);
      const nowMs = clock.monotonicMs();
      for (const waiting of this.#waiting) {
        if (nowMs < waiting.endMs) continue;
        this.#waiting.delete(waiting);
        waiting.reject(late(waiting.limitMs));
      }
    }
    this.#isTicking = false;
  }

  async #watchLoop(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      const beforeMs = clock.monotonicMs();
      await clock.sleep(watchMs, this.#stop.signal);
      this.#loopDelayMs = clock.monotonicMs() - beforeMs - watchMs;
    }
  }
}

function late(limitMs: number): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_DEADLINE',
    status: 503,
    message: `the online store did not answer within ${Math.round(limitMs)} ms`,
    where: 'online store',
    fix: 'try again; look at /health and at the store when it stays so',
  });
}
