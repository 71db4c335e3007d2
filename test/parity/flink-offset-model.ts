// Why Flink 2.2.1 loses records of windows with an offset: an executable model of its two-phase
// window aggregate. Each half buffers per window and empties its buffer only when the watermark
// passes `nextTrigger`, a multiple of the window's size without the offset; windows fire when the
// watermark passes their end, with the offset. What sits in a buffer by then is lost.

/** Rows in their order of arrival: event time only. */
export interface OffsetModelInput {
  readonly eventTimesMs: readonly number[];
  readonly sizeMs: number;
  readonly offsetMs: number;
  readonly outOfOrdernessMs: number;
}

type Counts = Map<number, number>;

/** Window end → count, as Flink gives them. With an offset of 0 nothing is lost. */
export function flinkTwoPhaseCounts(input: OffsetModelInput): ReadonlyMap<number, number> {
  const { sizeMs, offsetMs } = input;
  const model = new TwoPhase(sizeMs);
  for (const timeMs of input.eventTimesMs) {
    const start = timeMs - mod(timeMs - offsetMs, sizeMs);
    increase(model.local, start + sizeMs, 1);
    model.advance(timeMs - input.outOfOrdernessMs);
  }
  model.advance(Number.POSITIVE_INFINITY);
  return model.rows;
}

class TwoPhase {
  readonly rows: Counts = new Map();
  local: Counts = new Map();
  readonly #sizeMs: number;
  #global: Counts = new Map();
  readonly #state: Counts = new Map();
  readonly #timers = new Set<number>();
  #watermark = Number.NEGATIVE_INFINITY;
  #nextTrigger = Number.NEGATIVE_INFINITY;

  constructor(sizeMs: number) {
    this.#sizeMs = sizeMs;
  }

  advance(watermark: number): void {
    if (watermark <= this.#watermark) return;
    const isTriggered = watermark >= this.#nextTrigger;
    if (isTriggered && isOver(this.local, watermark)) this.#sendLocal();
    this.#watermark = watermark;
    if (isTriggered && isOver(this.#global, watermark)) this.#flushGlobal();
    if (isTriggered) this.#nextTrigger = nextTriggerAfter(watermark, this.#sizeMs);
    this.#fire(watermark);
  }

  /** The second half drops what its own watermark, the one before this, has passed. */
  #sendLocal(): void {
    for (const [end, count] of this.local) {
      if (end - 1 <= this.#watermark) continue;
      increase(this.#global, end, count);
      this.#timers.add(end);
    }
    this.local = new Map();
  }

  #flushGlobal(): void {
    for (const [end, count] of this.#global) increase(this.#state, end, count);
    this.#global = new Map();
  }

  #fire(watermark: number): void {
    for (const end of [...this.#timers].filter((e) => e - 1 <= watermark)) {
      this.#timers.delete(end);
      const count = this.#state.get(end);
      if (count !== undefined) this.rows.set(end, count);
      this.#state.delete(end);
    }
  }
}

function isOver(buffer: Counts, watermark: number): boolean {
  return buffer.size > 0 && Math.min(...buffer.keys()) - 1 <= watermark;
}

function nextTriggerAfter(watermark: number, sizeMs: number): number {
  if (watermark === Number.POSITIVE_INFINITY) return watermark;
  const trigger = watermark - mod(watermark, sizeMs) + sizeMs - 1;
  return trigger > watermark ? trigger : trigger + sizeMs;
}

function increase(counts: Counts, end: number, by: number): void {
  counts.set(end, (counts.get(end) ?? 0) + by);
}

function mod(a: number, n: number): number {
  return ((a % n) + n) % n;
}
