// Views spread over worker threads: each runs one subtask, for its range of key groups. This thread
// reads, decodes and stamps, and every row reaches its subtask in the order of the calls; so what
// comes out for a key does not depend on the number of threads. It never blocks: what finds no room
// in the ring waits in memory until `drain`, which hands on results until there is room again.
import type { JsonValue } from '../../kernel/json-value.ts';
import { MessageChannel, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import type { Batch } from '../../columns/batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import { planToJson } from '../../plan/plan-json.ts';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import {
  ElementWriter,
  elementKinds,
  messagePayload,
  numberPayload,
} from '../exchange/elements.ts';
import { KeyOwners } from '../exchange/key-owners.ts';
import { createRing, type RingMemory } from '../exchange/ring.ts';
import { type KeyRoute, routesOf } from '../exchange/routes.ts';
import { RowsWriter } from '../exchange/rows-element.ts';
import { StageSnapshot } from './stage-snapshot.ts';
import type {
  HotKey,
  StageState,
  SubtaskStats,
  ViewStage,
  ViewStageOptions,
} from './view-stage.ts';
import { type SubtaskHost, WorkerHost, type WorkerHostOptions } from './worker-host.ts';
import { sentAggregates } from './worker-aggregates.ts';
import { WorkerOutputs } from './worker-outputs.ts';
import {
  type HubMessage,
  WorkerSignals,
  type WorkerStart,
  type WorkerState,
} from './worker-protocol.ts';

export interface WorkerViewStageOptions extends ViewStageOptions {
  /** Memory limits of each worker; default: those of this process. */
  readonly resourceLimits?: ResourceLimits;
  /** Of the ring of rows, and of each ring of vectors; default 16 MB. */
  readonly ringBytes?: number;
  /** Starts a subtask elsewhere; default: on a thread. */
  readonly startSubtask?: (options: WorkerHostOptions) => SubtaskHost;
  /** Resolves when a subtask has rung since `seen`; default: by waiting for shared memory. */
  readonly wait?: (seen: number) => Promise<void>;
}

/** Hottest keys told per route. */
const hotKeysMax = 5;
const defaultRingBytes = 16 << 20;
/** Input that may wait in the ring: so much, and so many batches of the last one's size. */
const inputBytesMin = 256 * 1024;
const inputBatches = 4;
/** Rows per element: what sinks write at once should not be much less than at one thread. */
const rowsMax = 16_384;

interface StreamInput {
  readonly routes: readonly KeyRoute[];
  readonly owners: readonly KeyOwners[];
  readonly rows: RowsWriter;
}

export class WorkerViewStage implements ViewStage {
  readonly #options: WorkerViewStageOptions;
  readonly #signals: WorkerSignals;
  readonly #input: ElementWriter;
  readonly #streams: readonly StreamInput[];
  readonly #hosts: readonly SubtaskHost[];
  readonly #snapshot: StageSnapshot;
  readonly #outputs: WorkerOutputs;
  /** Of the last batch, in the ring. */
  #batchBytes = 0;
  #failure: MillraceError | null = null;
  #isClosed = false;

  constructor(options: WorkerViewStageOptions) {
    const { plan, stages, output, parallelism, ringBytes = defaultRingBytes } = options;
    this.#options = options;
    this.#signals = WorkerSignals.create(parallelism);
    const bells = this.#signals.workers;
    const memory = createRing(ringBytes, parallelism);
    const channels = bells.map(() => new MessageChannel());
    const ports = channels.map(({ port1 }) => port1);
    this.#input = new ElementWriter(memory, ports, () => {
      for (const bell of bells) bell.ring();
    });
    this.#streams = routesOf(plan, stages).map((given, stream) => ({
      routes: given.routes,
      owners: given.routes.map((route) => new KeyOwners(given.stream.fields, route, parallelism)),
      rows: new RowsWriter(stream, given),
    }));
    this.#hosts = this.#startHosts(memory, channels);
    this.#snapshot = new StageSnapshot({
      subtaskCount: parallelism,
      onResume: () => this.#signals.hub.ring(),
      onAbort: () => this.#tell({ kind: 'abortSnapshot' }),
    });
    const { snapshot, hosts } = { snapshot: this.#snapshot, hosts: this.#hosts };
    this.#outputs = new WorkerOutputs({ stages, output, hosts, bells, snapshot });
    void this.#pumpOutput();
  }

  process(stream: number, batch: Batch): void {
    const { owners, rows } = this.#streams[stream] as StreamInput;
    for (const route of owners) route.assign(batch);
    rows.begin(
      batch,
      owners.map((route) => route.owners),
    );
    this.#batchBytes = 0;
    const limits = { rowsMax, bytesMax: this.#input.payloadBytesMax / 2 };
    for (let from = 0; from < batch.rowCount; ) {
      from = rows.take(from, limits);
      this.#batchBytes += rows.size;
      this.#input.write(elementKinds.rows, rows);
    }
  }

  advanceWatermark(stream: number, watermarkMs: number): void {
    this.#input.write(elementKinds.watermark, numberPayload(watermarkMs, stream));
  }

  advanceIdleTime(stream: number, nowMs: number): void {
    this.#input.write(elementKinds.idleTime, numberPayload(nowMs, stream));
  }

  async drain(): Promise<void> {
    await this.#until(() => this.#input.flush() && this.#hasRoom);
  }

  async restore(parts: readonly SubtaskSnapshot[], planJson: JsonValue): Promise<void> {
    await this.#ask({ kind: 'restore', parts, planJson });
  }

  async emitAll(): Promise<void> {
    await this.#ask({ kind: 'emitAll' });
  }

  snapshot(id: number, aligned: () => Promise<void>): Promise<readonly SubtaskSnapshot[]> {
    const written = this.#snapshot.begin(id, aligned);
    this.#input.write(elementKinds.barrier, numberPayload(id));
    if (this.#failure !== null) this.#snapshot.abort(this.#failure);
    return written;
  }

  abortSnapshot(): void {
    this.#snapshot.abort(new MillraceError('MR_INTERNAL', 'the snapshot was given up'));
  }

  release(files: readonly string[]): void {
    if (files.length > 0) this.#tell({ kind: 'release', files });
  }

  /** Subtasks do what they can by themselves. */
  work(): boolean {
    return false;
  }

  async finish(): Promise<void> {
    await this.#ask({ kind: 'finish' });
  }

  stats(): readonly SubtaskStats[] {
    return this.#outputs.stats;
  }

  hotKeys(): readonly HotKey[] {
    const names = this.#options.stages.flatMap(({ views }) => views.map(({ name }) => name));
    return this.#streams
      .flatMap(({ routes, owners }) =>
        owners.flatMap((owner, i) => hotKeysOf(names, routes[i] as KeyRoute, owner)),
      )
      .sort((a, b) => b.share - a.share);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#signals.close();
    await Promise.all(this.#hosts.map((host) => host.close()));
    this.#snapshot.abort(new MillraceError('MR_INTERNAL', 'the job ended during a snapshot'));
  }

  #startHosts(input: RingMemory, channels: readonly MessageChannel[]): readonly SubtaskHost[] {
    const { plan, stages, parallelism, ringBytes = defaultRingBytes, state } = this.#options;
    const { startSubtask = (options) => new WorkerHost(options) } = this.#options;
    const shared = {
      planJson: planToJson(plan),
      aggregates: sentAggregates(plan, this.#options.moduleLoader ?? null),
      views: stages.flatMap(({ views }) => views.map(({ name }) => name)),
      parallelism,
      input,
      words: this.#signals.words,
    };
    return channels.map(({ port1, port2 }, subtask) => {
      const start: WorkerStart = {
        ...shared,
        subtask,
        output: createRing(ringBytes),
        port: port2,
        state: state === null ? null : sendable(state),
      };
      return startSubtask(this.#hostOptions(start, port1));
    });
  }

  #hostOptions(start: WorkerStart, port: MessagePort): WorkerHostOptions {
    const { clock, resourceLimits } = this.#options;
    return { start, port, clock, resourceLimits, onFailure: (error) => this.#fail(error) };
  }

  /**
   * Room for a batch of the usual size. Many small batches that wait make no room: then more is read
   * at once, which costs less, so that a job that falls behind catches up.
   */
  get #hasRoom(): boolean {
    const { freeBytes, usedBytes } = this.#input;
    const most = Math.max(inputBytesMin, this.#batchBytes * inputBatches);
    return freeBytes > usedBytes && usedBytes <= most;
  }

  #tell(message: HubMessage): void {
    this.#input.write(elementKinds.message, messagePayload(message));
  }

  /** Tells all subtasks and waits for their answers. */
  async #ask(message: HubMessage): Promise<void> {
    this.#outputs.unanswered += this.#hosts.length;
    this.#tell(message);
    await this.#until(() => this.#input.flush() && this.#outputs.unanswered === 0);
  }

  /** Hands on results, as fast as sinks take them, until the condition holds. */
  async #until(isReached: () => boolean): Promise<void> {
    for (;;) {
      const seen = this.#signals.hub.count;
      const hasCollected = this.#outputs.collect();
      await this.#options.output.drain();
      if (this.#failure !== null) throw this.#failure;
      if (isReached()) return;
      if (!hasCollected) await this.#wait(seen);
    }
  }

  #wait(seen: number): Promise<void> {
    return this.#options.wait?.(seen) ?? this.#signals.hub.waitAsync(seen);
  }

  /** Hands on results while nobody drains: when no input comes. */
  async #pumpOutput(): Promise<void> {
    while (!this.#isClosed) {
      const seen = this.#signals.hub.count;
      try {
        const hasMoved = this.#input.isFull && this.#input.flush();
        if (this.#outputs.collect()) {
          this.#options.onActivity();
          await this.#options.output.drain();
        } else if (!hasMoved) await this.#wait(seen);
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof MillraceError ? error : unexpected(error);
    this.#snapshot.abort(this.#failure);
    this.#signals.hub.ring();
    this.#options.onActivity();
  }
}

function hotKeysOf(
  viewNames: readonly string[],
  { key, views }: KeyRoute,
  owners: KeyOwners,
): readonly HotKey[] {
  const fields = key.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const names = views.map((number) => viewNames[number] ?? '');
  return owners.hotKeys.top(hotKeysMax).map(({ key: bytes, share }) => ({
    views: names,
    key: decodeKey(fields, bytes),
    share,
    subtask: owners.ownerOf(bytes),
  }));
}

/** Without the files, which each thread opens for itself. */
function sendable({ files: _files, ...state }: StageState): WorkerState {
  return state;
}

function unexpected(cause: unknown): MillraceError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('MR_INTERNAL', `results could not be handed on: ${what}`, { cause });
}
