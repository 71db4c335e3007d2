// Somebody who reads all the time, as a model does: remembers the newest it was ever told of each user
// and notices whatever is older later; and how long there was no answer, or none that was whole or new.
import { systemClock } from '../../../src/kernel/clock.ts';
import { userCount } from '../../integration/redis/shop-project.ts';

export interface Observed {
  readonly answers: number;
  readonly failures: number;
  /** Values that were older than one that had been told before. */
  readonly backwards: readonly string[];
  /** Longest time without an answer, without one in which all users were there, without a newer value. */
  readonly silentMsMax: number;
  readonly incompleteMsMax: number;
  readonly staleMsMax: number;
}

interface Answer {
  readonly results: readonly { readonly values: readonly unknown[] }[];
}

const usersPerRead = 25;

export class Observer {
  readonly #endpoint: string;
  readonly #newest = new Map<string, number>();
  readonly #backwards: string[] = [];
  #isOver = false;
  #loop: Promise<void> | null = null;
  #answers = 0;
  #failures = 0;
  #greatest = -1;
  #isWholeOnce = false;
  #times = { answered: 0, whole: 0, newer: 0 };
  #most = { answered: 0, whole: 0, newer: 0 };

  constructor(port: number) {
    this.#endpoint = `http://127.0.0.1:${port}/get-online-features`;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Whether rows of all users have been seen at once, so that there is something to lose. */
  get isReady(): boolean {
    return this.#isWholeOnce;
  }

  /** Resolves when a newer value was told than any before the call; after half a minute at the latest. */
  async recovered(): Promise<void> {
    const before = this.#greatest;
    for (let tries = 0; this.#greatest === before && tries < 1500; tries++) {
      await systemClock.sleep(20);
    }
  }

  /** The longest gaps since the last call of this. */
  takeGaps(): {
    readonly silentMs: number;
    readonly incompleteMs: number;
    readonly staleMs: number;
  } {
    this.#gaps();
    const { answered, whole, newer } = this.#most;
    this.#most = { answered: 0, whole: 0, newer: 0 };
    return { silentMs: answered, incompleteMs: whole, staleMs: newer };
  }

  async stop(): Promise<Pick<Observed, 'answers' | 'failures' | 'backwards'>> {
    this.#isOver = true;
    await this.#loop;
    return { answers: this.#answers, failures: this.#failures, backwards: this.#backwards };
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const first = (n * usersPerRead) % userCount;
      const users = Array.from({ length: usersPerRead }, (_, i) => `u${(first + i) % userCount}`);
      try {
        this.#take(users, await this.#ask(users));
      } catch {
        this.#failures += 1;
      }
      this.#gaps();
      await systemClock.sleep(4);
    }
  }

  async #ask(users: readonly string[]): Promise<Answer> {
    const body = JSON.stringify({ features: ['spend:n'], entities: { user_id: users } });
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(2000),
    });
    if (response.status !== 200) throw new Error(String(response.status));
    return (await response.json()) as Answer;
  }

  #take(users: readonly string[], { results }: Answer): void {
    const nowMs = systemClock.monotonicMs();
    const values = results[1]?.values ?? [];
    this.#answers += 1;
    if (this.#isWholeOnce) this.#times.answered = nowMs;
    if (values.every((value) => typeof value === 'number')) {
      if (!this.#isWholeOnce) this.#times = { answered: nowMs, whole: nowMs, newer: nowMs };
      this.#isWholeOnce = true;
      this.#times.whole = nowMs;
    }
    for (const [i, value] of values.entries()) {
      if (typeof value !== 'number') continue;
      const user = users[i] as string;
      const before = this.#newest.get(user) ?? 0;
      if (value < before) this.#backwards.push(`${user}: ${value} after ${before}`);
      this.#newest.set(user, Math.max(before, value));
      if (value > this.#greatest) {
        this.#greatest = value;
        this.#times.newer = nowMs;
      }
    }
  }

  #gaps(): void {
    if (!this.#isWholeOnce) return;
    const nowMs = systemClock.monotonicMs();
    for (const name of ['answered', 'whole', 'newer'] as const) {
      this.#most[name] = Math.max(this.#most[name], nowMs - this.#times[name]);
    }
  }
}
