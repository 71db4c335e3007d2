// The loop of a worker thread: one element after the other through its subtask, and what comes out
// into its ring. It sleeps when there is no input, and while its ring is full; whoever changes that
// rings its bell, and so does the hub when it closes the exchange, so no wait is for ever.
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { planFromJson } from '../../plan/plan-json.ts';
import { BlockReader } from '../exchange/block-reader.ts';
import type { ElementLimits } from '../exchange/column-block.ts';
import type { Doorbell } from '../exchange/doorbell.ts';
import {
  ElementReader,
  ElementWriter,
  elementKinds,
  messagePayload,
  type Payload,
} from '../exchange/elements.ts';
import { routesOf } from '../exchange/routes.ts';
import { RowsReader, streamOfRows } from '../exchange/rows-element.ts';
import { VectorsWriter } from '../exchange/vectors-element.ts';
import { lowerPlan } from '../lower/lower-plan.ts';
import { Subtask } from './subtask.ts';
import { type WorkerMessage, WorkerSignals, type WorkerStart } from './worker-protocol.ts';

/** Vectors per element: the hub can hand on the first while the next are made. */
const rowsMax = 4096;
/** Statistics are told at most this often. */
const statsMs = 100;

interface RouteInput {
  readonly views: readonly number[];
  readonly rows: RowsReader;
}

export class WorkerSubtask {
  readonly #signals: WorkerSignals;
  readonly #bell: Doorbell;
  readonly #input: ElementReader;
  readonly #output: ElementWriter;
  readonly #limits: ElementLimits;
  readonly #subtask: Subtask;
  /** Per stream. */
  readonly #routes: readonly (readonly RouteInput[])[];
  readonly #block = new BlockReader();
  readonly #vectors = new VectorsWriter();
  readonly #clock: Clock = systemClock;
  #isEnded = false;
  #hasNews = false;
  #toldMs = 0;

  constructor(start: WorkerStart) {
    const { planJson, views, subtask, input, output, words, port } = start;
    const plan = planFromJson(planJson);
    const stages = lowerPlan(plan, views);
    this.#signals = new WorkerSignals(words);
    this.#bell = this.#signals.workers[subtask] as Doorbell;
    this.#input = new ElementReader(input, port, subtask);
    this.#output = new ElementWriter(output, [port], () => this.#signals.hub.ring());
    this.#limits = { rowsMax, bytesMax: this.#output.payloadBytesMax / 4 };
    this.#routes = routesOf(plan, stages).map((given) =>
      given.routes.map(({ views: numbers }, route) => ({
        views: numbers,
        rows: new RowsReader(given, route, subtask),
      })),
    );
    this.#subtask = new Subtask({
      plan,
      stages,
      subtask,
      output: {
        emit: (view, batch) => this.#emit(view, batch),
        late: (origin, record) => this.#tell({ kind: 'late', origin, record }),
        fail: (origin, error) => this.#tell({ kind: 'fail', origin, error }),
      },
    });
  }

  /** Until the end of the input, or until the exchange is closed. */
  run(): void {
    while (!this.#isEnded) {
      const seen = this.#bell.count;
      if (this.#signals.isClosed) return;
      if (this.#input.next()) {
        this.#take();
        this.#input.release();
        this.#signals.hub.ring();
        this.#tellStats();
      } else this.#sleep(seen);
    }
  }

  get isClosed(): boolean {
    return this.#signals.isClosed;
  }

  #take(): void {
    const input = this.#input;
    this.#hasNews = true;
    switch (input.kind) {
      case elementKinds.rows:
        return this.#takeRows();
      case elementKinds.watermark:
        return this.#subtask.advanceWatermark(input.stream, input.value);
      case elementKinds.idleTime:
        return this.#subtask.advanceIdleTime(input.stream, input.value);
      case elementKinds.end:
        this.#isEnded = true;
        return this.#tell({ kind: 'done', stats: this.#subtask.stats() });
      default:
        throw new Error(`an element of kind ${input.kind} is not for a worker`);
    }
  }

  #takeRows(): void {
    const block = this.#block;
    block.open(this.#input.buffer, this.#input.start);
    for (const { views, rows } of this.#routes[streamOfRows(block)] as readonly RouteInput[]) {
      const batch = rows.read(block);
      if (batch !== null) this.#subtask.process(views, batch);
    }
  }

  #emit(view: number, batch: VectorBatch): void {
    const vectors = this.#vectors;
    vectors.begin(view, batch);
    for (let from = 0; from < batch.rowCount; ) {
      from = vectors.take(from, this.#limits);
      this.#put(elementKinds.vectors, vectors);
    }
  }

  #tell(message: WorkerMessage): void {
    this.#put(elementKinds.message, messagePayload(message));
  }

  /** Waits for room: the backpressure of the hub. */
  #put(kind: number, payload: Payload): void {
    for (;;) {
      const seen = this.#bell.count;
      if (this.#signals.isClosed) throw new Error('the exchange was closed');
      if (this.#output.tryWrite(kind, payload)) return;
      this.#bell.wait(seen);
    }
  }

  #tellStats(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldMs < statsMs) return;
    this.#toldMs = nowMs;
    this.#hasNews = false;
    this.#tell({ kind: 'stats', stats: this.#subtask.stats() });
  }

  /** Until the bell rings; what the hub does not know yet is told once it is due. */
  #sleep(seen: number): void {
    if (!this.#hasNews) return this.#bell.wait(seen);
    this.#bell.wait(seen, this.#toldMs + statsMs - this.#clock.monotonicMs());
    if (this.#bell.count === seen) this.#tellStats();
  }
}
