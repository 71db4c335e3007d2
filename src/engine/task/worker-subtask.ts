// The loop of a worker thread: one element after the other through its subtask, and what comes out
// into its ring. It sleeps when there is no input, and while its ring is full; whoever changes that
// rings its bell, and so does the hub when it closes the exchange, so no wait is for ever.
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { planFromJson } from '../../plan/plan-json.ts';
import type { UserAggregateNode } from '../../plan/user-aggregate.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import { BlockReader } from '../exchange/block-reader.ts';
import type { ElementLimits } from '../exchange/column-block.ts';
import type { Doorbell } from '../exchange/doorbell.ts';
import {
  ElementReader,
  ElementWriter,
  elementKinds,
  messagePayload,
  numberPayload,
  type Payload,
} from '../exchange/elements.ts';
import { routesOf } from '../exchange/routes.ts';
import { RowsReader, streamOfRows } from '../exchange/rows-element.ts';
import { VectorsWriter } from '../exchange/vectors-element.ts';
import { lowerPlan } from '../lower/lower-plan.ts';
import { Subtask } from './subtask.ts';
import type { StageState, SubtaskStats } from './view-stage.ts';
import {
  type HubMessage,
  sentError,
  type WorkerMessage,
  WorkerSignals,
  type WorkerStart,
} from './worker-protocol.ts';
import { useAggregates } from './worker-aggregates.ts';
import { WorkPace } from './work-pace.ts';

/** Vectors per element: as many as an operator gives at once. */
const rowsMax = 16_384;
/** The hub is woken at most this often, unless there is nothing else to do. */
const ringMs = 1;
/** Statistics are told at most this often. */
const statsMs = 100;

interface RouteInput {
  readonly views: readonly number[];
  readonly rows: RowsReader;
}

export interface WorkerSubtaskOptions {
  readonly clock: Clock;
  /** Null: state lives in memory and is never written. */
  readonly stateFiles: StateFiles | null;
  /** Aggregates of users, with their functions; default: none. */
  readonly aggregates?: readonly UserAggregateNode[];
  /** Whether this thread may sleep until the hub makes room; if not, output waits in memory. */
  readonly mayBlock: boolean;
}

export class WorkerSubtask {
  readonly #signals: WorkerSignals;
  readonly #bell: Doorbell;
  readonly #input: ElementReader;
  readonly #output: ElementWriter;
  readonly #limits: ElementLimits;
  readonly #options: WorkerSubtaskOptions;
  readonly #subtask: Subtask;
  readonly #pace: WorkPace;
  /** Per stream. */
  readonly #routes: readonly (readonly RouteInput[])[];
  readonly #block = new BlockReader();
  readonly #vectors = new VectorsWriter();
  /** The barrier whose snapshot is being written. */
  #snapshotId: number | null = null;
  /** Elements taken or given since the hub was woken. */
  #unrung = 0;
  #rungMs = 0;
  #hasNews = false;
  #toldMs = 0;
  #recordsIn = 0;
  #idleMs = 0;
  #backPressuredMs = 0;
  readonly #startMs: number;

  constructor(start: WorkerStart, options: WorkerSubtaskOptions) {
    const { planJson, views, subtask, parallelism, input, output, words, port } = start;
    const plan = planFromJson(planJson);
    useAggregates(plan, options.aggregates ?? []);
    const stages = lowerPlan(plan, views);
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
    this.#pace = new WorkPace(options.clock);
    this.#signals = new WorkerSignals(words);
    this.#bell = this.#signals.workers[subtask] as Doorbell;
    this.#input = new ElementReader(input, port, subtask);
    this.#output = new ElementWriter(output, [port], () => this.#published());
    this.#limits = { rowsMax, bytesMax: this.#output.payloadBytesMax / 2 };
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
      parallelism,
      output: {
        emit: (view, batch) => this.#emit(elementKinds.vectors, view, batch),
        refill: (view, batch) => this.#emit(elementKinds.refill, view, batch),
        late: (origin, record) => this.#tell({ kind: 'late', origin, record }),
        fail: (origin, error) => this.#tell({ kind: 'fail', origin, error }),
      },
      state: stateOf(start.state, options.stateFiles),
    });
  }

  /** Until the exchange is closed. */
  run(): void {
    while (!this.#signals.isClosed) {
      const seen = this.#bell.count;
      if (!this.step() && !this.#signals.isClosed) this.#sleep(seen);
    }
  }

  /** One element, or some of what is done while there is none; false when there was nothing to do. */
  step(): boolean {
    if (!this.#output.flush()) return false;
    const hasInput = this.#input.next();
    if (hasInput) {
      this.#hasNews = true;
      this.#take();
      this.#input.release();
      this.#unrung += 1;
    }
    const hasWorked = this.#work(!hasInput);
    if (hasInput) this.#tellStats();
    if (this.#unrung > 0 && (this.#input.isEmpty || this.#isRingDue())) this.#ring();
    return hasInput || hasWorked;
  }

  /** The hub can do without hearing of every element while there are more. */
  #published(): void {
    this.#unrung += 1;
    if (this.#output.freeBytes < this.#output.usedBytes) this.#ring();
  }

  #isRingDue(): boolean {
    return this.#options.clock.monotonicMs() - this.#rungMs >= ringMs;
  }

  #ring(): void {
    this.#unrung = 0;
    this.#rungMs = this.#options.clock.monotonicMs();
    this.#signals.hub.ring();
  }

  close(): void {
    this.#subtask.close();
  }

  get isClosed(): boolean {
    return this.#signals.isClosed;
  }

  #take(): void {
    const input = this.#input;
    switch (input.kind) {
      case elementKinds.rows:
        return this.#takeRows();
      case elementKinds.watermark:
        return this.#subtask.advanceWatermark(input.stream, input.value);
      case elementKinds.idleTime:
        return this.#subtask.advanceIdleTime(input.stream, input.value);
      case elementKinds.barrier:
        return this.#beginSnapshot(input.value);
      case elementKinds.message:
        return this.#obey(input.message as HubMessage);
      default:
        throw new Error(`an element of kind ${input.kind} is not for a worker`);
    }
  }

  #takeRows(): void {
    const block = this.#block;
    block.open(this.#input.buffer, this.#input.start);
    for (const { views, rows } of this.#routes[streamOfRows(block)] as readonly RouteInput[]) {
      const batch = rows.read(block);
      if (batch === null) continue;
      this.#recordsIn += batch.rowCount;
      this.#subtask.process(views, batch);
    }
  }

  #obey(message: HubMessage): void {
    switch (message.kind) {
      case 'restore':
        this.#subtask.restore(message.parts, message.planJson);
        return this.#tell({ kind: 'answer' });
      case 'emitAll':
        // The ring waits for who reads it: parts need no pause here.
        for (const _ of this.#subtask.emitAll());
        return this.#tell({ kind: 'answer' });
      case 'finish':
        this.#tell({ kind: 'stats', stats: this.#stats() });
        return this.#tell({ kind: 'answer' });
      case 'abortSnapshot':
        this.#snapshotId = null;
        return this.#subtask.abortSnapshot();
      case 'release':
        return this.#subtask.release(message.files);
    }
  }

  #beginSnapshot(id: number): void {
    this.#put(elementKinds.marker, numberPayload(id));
    this.#snapshotId = id;
    this.#orFailSnapshot(() => this.#subtask.beginSnapshot(id));
  }

  /** A slice of what state has to do; the snapshot is told when it is written. */
  #work(isIdle: boolean): boolean {
    let hasWorked = false;
    this.#orFailSnapshot(() => {
      hasWorked = this.#pace.run(() => this.#subtask.work(), isIdle);
      if (this.#snapshotId === null) return;
      const snapshot = this.#subtask.takeSnapshot();
      if (snapshot === null) return;
      const id = this.#snapshotId;
      this.#snapshotId = null;
      this.#tell({ kind: 'snapshot', id, snapshot });
    });
    return hasWorked;
  }

  /** A snapshot that cannot be written is given up; the subtask goes on. */
  #orFailSnapshot(step: () => void): void {
    try {
      step();
    } catch (error) {
      const id = this.#snapshotId;
      if (id === null || !(error instanceof MillraceError)) throw error;
      this.#snapshotId = null;
      this.#subtask.abortSnapshot();
      this.#tell({ kind: 'snapshotFailed', id, error: sentError(error) });
    }
  }

  #emit(kind: number, view: number, batch: VectorBatch): void {
    const vectors = this.#vectors;
    vectors.begin(view, batch);
    for (let from = 0; from < batch.rowCount; ) {
      from = vectors.take(from, this.#limits);
      this.#put(kind, vectors);
    }
  }

  #tell(message: WorkerMessage): void {
    this.#put(elementKinds.message, messagePayload(message));
  }

  /** Waits for room: the backpressure of the hub. */
  #put(kind: number, payload: Payload): void {
    if (!this.#options.mayBlock) return this.#output.write(kind, payload);
    for (;;) {
      const seen = this.#bell.count;
      if (this.#signals.isClosed) throw new Error('the exchange was closed');
      if (this.#output.tryWrite(kind, payload)) return;
      this.#ring();
      this.#backPressuredMs += this.#wait(seen);
    }
  }

  #stats(): SubtaskStats {
    const elapsedMs = this.#options.clock.monotonicMs() - this.#startMs;
    const [idleMs, backPressuredMs] = [this.#idleMs, this.#backPressuredMs];
    const load = { recordsIn: this.#recordsIn, elapsedMs, idleMs, backPressuredMs };
    return { ...this.#subtask.stats(), load };
  }

  #tellStats(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#toldMs < statsMs) return;
    this.#toldMs = nowMs;
    this.#hasNews = false;
    this.#tell({ kind: 'stats', stats: this.#stats() });
  }

  /** Until the bell rings; what the hub does not know yet is told once it is due. */
  #sleep(seen: number): void {
    const { clock } = this.#options;
    const untilMs = this.#hasNews ? this.#toldMs + statsMs - clock.monotonicMs() : undefined;
    this.#idleMs += this.#wait(seen, untilMs);
    if (untilMs === undefined || this.#bell.count !== seen) return;
    this.#tellStats();
    this.#ring();
  }

  /** Sleeps until the bell rings; how long it was. */
  #wait(seen: number, timeoutMs?: number): number {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    this.#bell.wait(seen, timeoutMs);
    return clock.monotonicMs() - startMs;
  }
}

function stateOf(
  state: WorkerStart['state'],
  files: StateFiles | null,
): Omit<StageState, 'threads'> | null {
  return state === null || files === null ? null : { ...state, files };
}
