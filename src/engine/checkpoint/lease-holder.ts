// Takes the lease of a job and renews it in the background until it is released or lost. All writes
// of the record go through one queue and name the version they replace; when an answer is lost, the
// record itself tells whether the write happened.
import type { Clock } from '../../kernel/clock.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import {
  type AcquireDecision,
  decideAcquire,
  decideHold,
  fenced,
  type LeaseFence,
  type LeaseRecord,
  type LeaseWatch,
} from './lease.ts';
import { decodeLease, encodeLease } from './lease-record.ts';
import { lockName } from './names.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface LeaseOptions {
  readonly storage: CheckpointStorage;
  readonly job: string;
  readonly clock: Clock;
  readonly self: ProcessIdentity;
  readonly durationMs: number;
  /** Greatest generation that anything in storage shows, asked when there is no record. */
  readonly generationSeen: () => Promise<number>;
}

interface Found {
  readonly record: LeaseRecord;
  readonly etag: string;
}

/** Waits between attempts to renew that failed, as a part of the duration. */
const retriesPerLease = 12;

/**
 * Takes the lease: at once when it is free or its owner is known to be dead, after its duration when
 * it seems to have run out. MR_CHECKPOINT_IN_USE when its owner lives.
 */
export async function acquireLease(options: LeaseOptions): Promise<LeaseHolder> {
  let watch: LeaseWatch | null = null;
  for (;;) {
    const found = await readLease(options.storage, options.job);
    const decision = decide(options, found, watch);
    if (decision.kind === 'refuse') throw decision.error;
    if (decision.kind === 'mine' && found !== null) return confirmed(options, found);
    if (decision.kind === 'wait') {
      watch = decision.watch;
      await options.clock.sleep(decision.forMs);
      continue;
    }
    const sentMs = timesOf(options.clock);
    const taken = await takeLease(options, found);
    if (taken !== null) return new LeaseHolder(options, taken, sentMs);
  }
}

/** A lease that an earlier attempt took, whose answer was lost: since when is not known. */
async function confirmed(options: LeaseOptions, found: Found): Promise<LeaseHolder> {
  const holder = new LeaseHolder(options, found, timesOf(options.clock));
  await holder.confirm();
  return holder;
}

/** What the job's lock says; null when there is none. */
export async function readLease(storage: CheckpointStorage, job: string): Promise<Found | null> {
  const name = lockName(job);
  const stored = await storage.read(name);
  return stored === null ? null : { record: decodeLease(name, stored.bytes), etag: stored.etag };
}

interface Times {
  readonly monotonic: number;
  readonly wall: number;
}

function timesOf(clock: Clock): Times {
  return { monotonic: clock.monotonicMs(), wall: clock.nowMs() };
}

function decide(
  { clock, self }: LeaseOptions,
  found: Found | null,
  watch: LeaseWatch | null,
): AcquireDecision {
  const times = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  return decideAcquire({ found, self, watch, ...times });
}

async function takeLease(options: LeaseOptions, found: Found | null): Promise<Found | null> {
  const { storage, job, self, clock, durationMs } = options;
  const before = found?.record.generation ?? (await options.generationSeen());
  const nowMs = clock.nowMs();
  const record: LeaseRecord = {
    format: 1,
    job,
    state: 'held',
    owner: self.owner,
    host: self.host,
    pid: self.pid,
    place: self.place,
    generation: before + 1,
    fence: found?.record.fence ?? null,
    renewals: 0,
    renewedAtMs: nowMs,
    expiresAtMs: nowMs + durationMs,
  };
  const condition = found === null ? 'absent' : { etag: found.etag };
  const written = await storage.write(lockName(job), encodeLease(record), condition);
  return written === null ? null : { record, etag: written.etag };
}

/** A lease that was taken; renewed until `release`. */
export class LeaseHolder {
  readonly generation: number;
  readonly #options: LeaseOptions;
  readonly #stop = new AbortController();
  readonly #lost = new AbortController();
  readonly #loop: Promise<void>;
  #held: Found;
  #renewedMs: Times;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LeaseOptions, held: Found, sentMs: Times) {
    this.#options = options;
    this.#held = held;
    this.generation = held.record.generation;
    this.#renewedMs = sentMs;
    this.#loop = this.#renewRegularly();
  }

  get fence(): LeaseFence | null {
    return this.#held.record.fence;
  }

  /** Aborted with MR_FENCED as its reason once the lease is known to be lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Resolves when the lease was just renewed, so held now; MR_FENCED when it is lost. A renewal whose
   * answer took longer than the lease lasts says nothing: whoever waited may have been standing still.
   */
  confirm(change: Partial<Pick<LeaseRecord, 'fence'>> = {}): Promise<void> {
    return this.#inTurn(async () => {
      do await this.#renew(change);
      while (!this.isCertain);
    });
  }

  /** Whether nobody else can have it now, as far as this process can know without asking. */
  get isCertain(): boolean {
    return !this.#lost.signal.aborted && this.#decide().kind !== 'doubt';
  }

  /** Stops renewing and gives the lease back; never throws, since it runs out by itself. */
  async release(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    try {
      await this.#inTurn(() => this.#renew({ state: 'released' }));
    } catch {
      return;
    }
  }

  async #renewRegularly(): Promise<void> {
    const { clock, durationMs } = this.#options;
    while (!this.#stop.signal.aborted && !this.#lost.signal.aborted) {
      const decision = this.#decide();
      if (decision.kind === 'rest') await clock.sleep(decision.forMs, this.#stop.signal);
      else if (!(await this.#tryRenew())) {
        await clock.sleep(durationMs / retriesPerLease, this.#stop.signal);
      }
    }
  }

  async #tryRenew(): Promise<boolean> {
    try {
      await this.confirm();
      return true;
    } catch {
      return false;
    }
  }

  async #renew(change: Partial<LeaseRecord>): Promise<void> {
    if (await this.#replace(change)) return;
    const { storage, job } = this.#options;
    const found = await readLease(storage, job);
    const isOurs =
      found?.record.owner === this.#held.record.owner &&
      found.record.generation === this.generation &&
      found.record.state === 'held';
    if (isOurs) {
      this.#held = found;
      if (await this.#replace(change)) return;
    }
    const error = fenced(job, isOurs ? null : (found?.record ?? null));
    this.#lost.abort(error);
    throw error;
  }

  /** Writes the next version over the one we know; false when that is not the one in storage. */
  async #replace(change: Partial<LeaseRecord>): Promise<boolean> {
    this.#lost.signal.throwIfAborted();
    const { storage, job, durationMs } = this.#options;
    const times = timesOf(this.#options.clock);
    const record: LeaseRecord = {
      ...this.#held.record,
      ...change,
      renewals: this.#held.record.renewals + 1,
      renewedAtMs: times.wall,
      expiresAtMs: times.wall + durationMs,
    };
    const condition = { etag: this.#held.etag };
    const written = await storage.write(lockName(job), encodeLease(record), condition);
    if (written === null) return false;
    this.#held = { record, etag: written.etag };
    this.#renewedMs = times;
    return true;
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action, action);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #decide(): ReturnType<typeof decideHold> {
    const { monotonic, wall } = timesOf(this.#options.clock);
    return decideHold({
      renewedMs: this.#renewedMs,
      monotonicMs: monotonic,
      wallMs: wall,
      durationMs: this.#options.durationMs,
    });
  }
}
