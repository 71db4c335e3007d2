// Benchmark events that become due one by one, as from a live topic: event i at start + i / rate.
// Knows when each was due, so that the time until its vector is visible can be told.
import type { Clock } from '../../kernel/clock.ts';
import type { RecordFormat } from '../../ports/format.ts';
import type { Source, SourceSplit, SplitRead } from '../../ports/source.ts';

export interface LiveEventsOptions {
  /** JSON lines. */
  readonly bytes: Uint8Array;
  readonly format: RecordFormat;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly clock: Clock;
}

export class LiveEvents {
  /** How many events have been handed to the job. */
  taken = 0;
  readonly #options: LiveEventsOptions;
  readonly #lineEnds: Int32Array;
  #startMs: number | null = null;

  constructor(options: LiveEventsOptions) {
    this.#options = options;
    this.#lineEnds = lineEndsOf(options.bytes, options.events);
  }

  /** When an event was due, on the monotonic clock. */
  dueMs(index: number): number {
    return (this.#startMs ?? 0) + (index * 1000) / this.#options.eventsPerSecond;
  }

  source(): Source {
    return {
      description: 'events made for the benchmark',
      bounded: true,
      open: ({ rowType, signal }) => {
        const decoder = this.#options.format.createDecoder(rowType, {});
        const split: SourceSplit = {
          id: 'live',
          next: (rowCountMax) => this.#next(decoder, rowCountMax, signal),
          close: () => Promise.resolve(),
        };
        return Promise.resolve([split]);
      },
    };
  }

  async #next(
    decoder: ReturnType<RecordFormat['createDecoder']>,
    rowCountMax: number,
    signal: AbortSignal,
  ): Promise<SplitRead> {
    const { bytes, events, clock } = this.#options;
    this.#startMs ??= clock.monotonicMs();
    if (this.taken === events) return { kind: 'end' };
    while (clock.monotonicMs() < this.dueMs(this.taken)) await clock.sleep(1, signal);
    let due = this.taken;
    const nowMs = clock.monotonicMs();
    while (due < events && due - this.taken < rowCountMax && this.dueMs(due) <= nowMs) due++;
    const start = this.taken === 0 ? 0 : (this.#lineEnds[this.taken - 1] as number);
    const end = this.#lineEnds[due - 1] as number;
    this.taken = due;
    const decoded = decoder.decode({ bytes, start, end, baseOffset: 0, rowCountMax, last: false });
    return { kind: 'rows', batch: decoded.batch, errors: decoded.errors, position: due };
  }
}

function lineEndsOf(bytes: Uint8Array, events: number): Int32Array {
  const ends = new Int32Array(events);
  let at = 0;
  for (let i = 0; i < events; i++) {
    at = bytes.indexOf(10, at) + 1;
    ends[i] = at;
  }
  return ends;
}
