// The simulated machine room: one queue of events, one virtual time, one seed. Everything that a job
// waits for is an event here, so a seed decides who goes first, what fails and where a process dies,
// and the same seed gives the same run, event for event.
import { createHash } from 'node:crypto';
import { systemClock } from '../../src/kernel/clock.ts';
import { type Random, seededRandom } from '../../src/kernel/random.ts';

interface WorldEvent {
  atMs: number;
  /** Ties are settled by the seed. */
  readonly tie: number;
  readonly name: string;
  readonly run: () => void;
  /** False when it must not happen any more. */
  readonly holds: () => boolean;
  /** Not before this, whatever `atMs` says: a frozen process. */
  readonly notBeforeMs: () => number;
}

interface Watched {
  readonly isReached: () => boolean;
  readonly body: () => void;
}

/** What happens to an operation of a process. */
export type Outcome = 'done' | 'refused' | 'answerLost';

const eventsMax = 100_000;
/** Of the real clock: a case that takes longer is caught in a loop. */
const realMsMax = 120_000;
const traceTail = 400;

/** Virtual time, seeded order, and a trace of all that happened. */
export class SimWorld {
  readonly seed: number;
  monotonicMs = 0;
  /** What the wall's clock shows more than the monotonic one. */
  wallOffsetMs: number;
  eventCount = 0;
  readonly faults = new Map<string, number>();
  readonly #random: Random;
  readonly #hash = createHash('sha256');
  readonly #tail: string[] = [];
  #events: WorldEvent[] = [];
  #watched: Watched[] = [];

  constructor(seed: number, startMs: number) {
    this.seed = seed;
    this.#random = seededRandom(seed);
    this.wallOffsetMs = startMs;
  }

  get wallMs(): number {
    return Math.floor(this.monotonicMs + this.wallOffsetMs);
  }

  /** In [0, 1). */
  next(): number {
    return this.#random.next();
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Counts a fault that really happened, and puts it into the trace. */
  fault(kind: string, where = ''): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.note(`fault ${kind} ${where}`);
  }

  /** A line of the trace. */
  note(text: string): void {
    const line = `${this.monotonicMs.toFixed(3)} ${text}`;
    this.#hash.update(line);
    this.#tail.push(line);
    if (this.#tail.length > 2 * traceTail) this.#tail.splice(0, traceTail);
  }

  /** Of everything so far. */
  get traceHash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  /** The last lines of the trace. */
  get tail(): readonly string[] {
    return this.#tail.slice(-traceTail);
  }

  schedule(name: string, delayMs: number, run: () => void, process?: SimProcess): () => void {
    let isCancelled = false;
    this.#events.push({
      atMs: this.monotonicMs + delayMs,
      tie: this.next(),
      name: process === undefined ? name : `${process.name} ${name}`,
      run,
      holds: () => !isCancelled && (process?.isAlive ?? true),
      notBeforeMs: () => process?.frozenUntilMs ?? 0,
    });
    return () => {
      isCancelled = true;
    };
  }

  /** Calls `body` once, after the event after which `isReached` first holds. */
  watch(isReached: () => boolean, body: () => void): void {
    this.#watched.push({ isReached, body });
  }

  #look(): void {
    if (this.#watched.length === 0) return;
    const reached = this.#watched.filter(({ isReached }) => isReached());
    if (reached.length === 0) return;
    this.#watched = this.#watched.filter((watched) => !reached.includes(watched));
    for (const { body } of reached) body();
  }

  /** Runs events until `isDone`; throws when nothing is left to happen, or when it never ends. */
  async run(isDone: () => boolean): Promise<void> {
    const startMs = systemClock.monotonicMs();
    await settled();
    this.#look();
    while (!isDone()) {
      if (systemClock.monotonicMs() - startMs > realMsMax) throw new Error('caught in a loop');
      const event = this.#take();
      if (event === null) throw new Error('nothing is left to happen, and the run is not done');
      if (this.eventCount++ > eventsMax) throw new Error(`not done after ${eventsMax} events`);
      this.monotonicMs = Math.max(this.monotonicMs, event.atMs);
      this.note(event.name);
      event.run();
      await settled();
      this.#look();
    }
  }

  #take(): WorldEvent | null {
    this.#events = this.#events.filter((event) => event.holds());
    let first: WorldEvent | null = null;
    for (const event of this.#events) {
      event.atMs = Math.max(event.atMs, event.notBeforeMs());
      if (first === null || isBefore(event, first)) first = event;
    }
    if (first !== null) this.#events.splice(this.#events.indexOf(first), 1);
    return first;
  }
}

function isBefore(a: WorldEvent, b: WorldEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}

/** Every promise that can go on has gone on. */
async function settled(): Promise<void> {
  await systemClock.turn?.();
}

/** One operation: how long until it takes effect, and until the caller hears of it. */
export interface OperationOptions {
  readonly effectMs?: number;
  readonly answerMs?: number;
  /** Decides what becomes of it when its time has come. */
  readonly outcome?: () => Outcome;
  /** Its effect may come after the death of the process: a request on its way to somebody else. */
  readonly mayOutlive?: boolean;
  /** What the caller gets when it is refused or its answer lost. */
  readonly failure?: () => Error;
}

/** One life of a job: dies as a whole, may stand still for a while. */
export class SimProcess {
  isAlive = true;
  frozenUntilMs = 0;
  /** Operations under way in which it does not freeze. */
  indivisible = 0;
  readonly name: string;
  readonly world: SimWorld;
  readonly #onStep: (operation: string) => void;

  /** `onStep` is called at every step of every operation: the place to die. */
  constructor(world: SimWorld, name: string, onStep: (operation: string) => void) {
    this.world = world;
    this.name = name;
    this.#onStep = onStep;
  }

  /**
   * An operation on something outside of the process. Its effect and its answer are two steps: the
   * process may die between them, and an effect under way may happen after its death.
   */
  call<T>(name: string, effect: () => T, options: OperationOptions = {}): Promise<T> {
    const { world } = this;
    return new Promise<T>((resolve, reject) => {
      if (!this.isAlive) return;
      const isUnstoppable = options.mayOutlive === true && world.chance(0.5);
      const step = (): void => {
        if (this.isAlive) this.#onStep(name);
        if (!this.isAlive && !isUnstoppable) return;
        const outcome = options.outcome?.() ?? 'done';
        const settle = tryEffect(outcome, effect, options.failure);
        const answer = (): void => {
          this.#onStep(`${name} answered`);
          if (!this.isAlive) return;
          if ('error' in settle) reject(settle.error as Error);
          else resolve(settle.value);
        };
        world.schedule(`${name} answer`, options.answerMs ?? 0, answer, this);
      };
      const owner = isUnstoppable ? undefined : this;
      world.schedule(`${this.name} ${name}`, options.effectMs ?? 0, step, owner);
    });
  }

  /** A step of something that is not an operation. */
  step(name: string): void {
    this.#onStep(name);
  }

  die(): void {
    this.isAlive = false;
    this.world.note(`${this.name} dies`);
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

function tryEffect<T>(outcome: Outcome, effect: () => T, failure?: () => Error): Settled<T> {
  const failed = (): Error => failure?.() ?? new Error('refused by the simulation');
  if (outcome === 'refused') return { error: failed() };
  try {
    const value = effect();
    return outcome === 'answerLost' ? { error: failed() } : { value };
  } catch (error) {
    return { error };
  }
}
