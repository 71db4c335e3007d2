// A source that makes its events, in phases one after the other: as fast as they are taken, or at a
// rate (open loop: event i is due at start + i / rate whatever became of those before it, and its
// event time is when it was due). Where a run left off is a position: the same events follow.
import type { RecordDecoder } from '../../src/ports/format.ts';
import type { Source, SourceContext, SourceSplit, SplitRead } from '../../src/ports/source.ts';
import { EventPool } from './event-pool.ts';

export interface LoadPhase {
  readonly name: string;
  /** How many events; or for how long. */
  readonly until: { readonly events: number } | { readonly seconds: number };
  /** Null: as fast as they are taken, with event times from `startMs` in steps of `stepMs`. */
  readonly eventsPerSecond: number | null;
  readonly startMs: number;
  readonly stepMs: number;
  readonly userOf: (index: number) => number;
  /** Which of the events there are; default: all. */
  readonly isTaken?: (index: number) => boolean;
}

/** Where a phase is: the number of its next event. */
interface LoadPosition {
  readonly phase: number;
  readonly index: number;
  /** Events of all phases before it. */
  readonly total: number;
}

export interface LoadSourceOptions {
  readonly phases: readonly LoadPhase[];
  /** Most rows of a batch; default 4096. */
  readonly batchRows?: number;
  /**
   * Called before the first event of a phase is handed out, and with null when it is over. Phases
   * may be added until the last one is over.
   */
  readonly onPhase?: (phase: LoadPhase | null) => void;
  /** Called with the number of events of each batch that is handed out. */
  readonly onBatch?: (events: number) => void;
}

interface Started {
  readonly startedMs: number;
  /** Wall time at which event 0 of a paced phase was due. */
  readonly dueMs: number;
}

const poolSize = 65_536;
const bytesMost = 1 << 21;

export function loadSource(options: LoadSourceOptions): Source {
  return {
    description: 'events made for a benchmark',
    bounded: true,
    open: (context) => Promise.resolve([new LoadSplit(options, context)]),
  };
}

/** Milliseconds since the epoch with fractions: what intended times are measured on. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

class LoadSplit implements SourceSplit {
  readonly id = 'load';
  readonly #options: LoadSourceOptions;
  readonly #context: SourceContext;
  readonly #pool = new EventPool(poolSize);
  readonly #decoder: RecordDecoder;
  #phase = 0;
  #index = 0;
  #total = 0;
  #started: Started | null = null;

  constructor(options: LoadSourceOptions, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    const from = context.startAt.get(this.id) as LoadPosition | undefined;
    if (from !== undefined) {
      this.#phase = from.phase;
      this.#index = from.index;
      this.#total = from.total;
    }
    const format = context.formats.get('json');
    if (format?.kind !== 'records') throw new Error('no format json');
    this.#decoder = format.createDecoder(context.rowType, {});
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    for (;;) {
      const phase = this.#options.phases[this.#phase];
      if (phase === undefined) return { kind: 'end' };
      if (this.#started === null) this.#start(phase);
      const count = await this.#countOf(phase, rowCountMax);
      if (count > 0) return this.#take(phase, count);
      if (this.#context.signal.aborted) return { kind: 'end' };
      this.#options.onPhase?.(null);
      this.#phase += 1;
      this.#index = 0;
      this.#started = null;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #start(phase: LoadPhase): void {
    const nowMs = wallMs();
    const rate = phase.eventsPerSecond;
    const dueMs = rate === null ? 0 : nowMs - (this.#index * 1000) / rate;
    this.#started = { startedMs: nowMs, dueMs };
    this.#options.onPhase?.(phase);
  }

  /** How many events are to be handed out now; 0 when the phase is over. */
  async #countOf(phase: LoadPhase, rowCountMax: number): Promise<number> {
    const { until, eventsPerSecond } = phase;
    const started = this.#started as Started;
    const left =
      'events' in until
        ? until.events - this.#index
        : wallMs() - started.startedMs < until.seconds * 1000
          ? Number.POSITIVE_INFINITY
          : 0;
    const room = Math.min(rowCountMax, this.#options.batchRows ?? 4096);
    const most = Math.min(left, room, this.#pool.roomFrom(this.#index), maxRows);
    if (phase.isTaken !== undefined) return this.#countTaken(phase, phase.isTaken);
    if (eventsPerSecond === null || most <= 0) return Math.max(0, most);
    for (;;) {
      const due = Math.floor(((wallMs() - started.dueMs) * eventsPerSecond) / 1000) + 1;
      if (due > this.#index) return Math.min(most, due - this.#index);
      const waitMs = started.dueMs + (this.#index * 1000) / eventsPerSecond - wallMs();
      await this.#context.clock.sleep(Math.max(1, waitMs), this.#context.signal);
      if (this.#context.signal.aborted) return 0;
    }
  }

  /** Goes on to the next event that there is: 1, or 0 when there is none left. */
  #countTaken({ until }: LoadPhase, isTaken: (index: number) => boolean): number {
    const end = 'events' in until ? until.events : 0;
    while (this.#index < end && !isTaken(this.#index)) this.#index += 1;
    return this.#index < end ? 1 : 0;
  }

  #take(phase: LoadPhase, count: number): SplitRead {
    const pool = this.#pool;
    const { dueMs } = this.#started as Started;
    const { eventsPerSecond, startMs, stepMs, userOf } = phase;
    const first = this.#index % pool.size;
    const step = eventsPerSecond === null ? stepMs : 1000 / eventsPerSecond;
    const base = eventsPerSecond === null ? startMs : dueMs;
    for (let i = 0; i < count; i++) {
      const index = this.#index + i;
      pool.put(first + i, userOf(index), Math.floor(base + index * step));
    }
    const range = { start: pool.startOf(first), end: pool.startOf(first + count) };
    const rest = { baseOffset: 0, rowCountMax: count, last: false };
    const { batch, errors } = this.#decoder.decode({ bytes: pool.bytes, ...range, ...rest });
    for (let i = 0; i < batch.rowCount; i++) batch.offsets[i] = this.#total + i;
    this.#index += count;
    this.#total += count;
    this.#options.onBatch?.(count);
    const position = { phase: this.#phase, index: this.#index, total: this.#total };
    return { kind: 'rows', batch, errors, position };
  }
}

const maxRows = Math.floor(bytesMost / 256);
