// Views spread over worker threads: each runs one subtask, for its range of key groups. This thread
// reads, decodes and stamps, and every row reaches its subtask in the order of the calls; so what
// comes out for a key does not depend on the number of threads. It never blocks: what finds no room
// in the ring waits in memory until `drain`, which hands on results until there is room again.
import { MessageChannel, type ResourceLimits } from 'node:worker_threads';
import type { Batch } from '../../columns/batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { planToJson } from '../../plan/plan-json.ts';
import { featureFields, type Plan } from '../../plan/plan.ts';
import { BlockReader } from '../exchange/block-reader.ts';
import { ElementWriter, elementKinds, numberPayload } from '../exchange/elements.ts';
import { KeyOwners } from '../exchange/key-owners.ts';
import { createRing } from '../exchange/ring.ts';
import { routesOf } from '../exchange/routes.ts';
import { RowsWriter } from '../exchange/rows-element.ts';
import { VectorsReader, viewOfVectors } from '../exchange/vectors-element.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
import type { StageOutput, SubtaskStats, ViewStage } from './view-stage.ts';
import { WorkerHost } from './worker-host.ts';
import { type WorkerMessage, WorkerSignals } from './worker-protocol.ts';

export interface WorkerViewStageOptions {
  readonly plan: Plan;
  readonly stages: readonly SourceStage[];
  readonly output: StageOutput;
  /** Number of worker threads, 2 to 128. */
  readonly parallelism: number;
  readonly clock: Clock;
  /** Called when there is something that `drain` hands on or throws, while nobody drains. */
  readonly onActivity: () => void;
  /** Memory limits of each worker; default: those of this process. */
  readonly resourceLimits?: ResourceLimits;
  /** Of the ring of rows, and of each ring of vectors; default 8 MB. */
  readonly ringBytes?: number;
}

const defaultRingBytes = 8 << 20;
/** Rows per element: workers begin with the first while the next are written. */
const rowsMax = 4096;

interface StreamInput {
  readonly owners: readonly KeyOwners[];
  readonly rows: RowsWriter;
}

export class WorkerViewStage implements ViewStage {
  readonly #options: WorkerViewStageOptions;
  readonly #signals: WorkerSignals;
  readonly #input: ElementWriter;
  readonly #streams: readonly StreamInput[];
  readonly #vectors: readonly VectorsReader[];
  readonly #hosts: WorkerHost[] = [];
  readonly #stats: SubtaskStats[];
  readonly #block = new BlockReader();
  #failure: MillraceError | null = null;
  #isClosed = false;
  #pump: Promise<void>;

  constructor(options: WorkerViewStageOptions) {
    const { plan, stages, parallelism, ringBytes = defaultRingBytes } = options;
    this.#options = options;
    this.#signals = WorkerSignals.create(parallelism);
    const input = createRing(ringBytes, parallelism);
    const channels = Array.from({ length: parallelism }, () => new MessageChannel());
    const { workers } = this.#signals;
    this.#input = new ElementWriter(
      input,
      channels.map(({ port1 }) => port1),
      () => {
        for (const bell of workers) bell.ring();
      },
    );
    this.#streams = routesOf(plan, stages).map((given, stream) => ({
      owners: given.routes.map((route) => new KeyOwners(given.stream.fields, route, parallelism)),
      rows: new RowsWriter(stream, given),
    }));
    const views = stages.flatMap((stage) => stage.views);
    this.#vectors = views.map((view) => new VectorsReader(view.name, featureFields(view)));
    this.#stats = channels.map((_, subtask) => emptyStats(subtask, options));
    const planJson = planToJson(plan);
    for (const [subtask, { port1, port2 }] of channels.entries()) {
      const { words } = this.#signals;
      const output = createRing(ringBytes);
      const names = views.map(({ name }) => name);
      this.#hosts.push(
        new WorkerHost({
          start: {
            planJson,
            views: names,
            subtask,
            parallelism,
            input,
            output,
            words,
            port: port2,
          },
          port: port1,
          resourceLimits: options.resourceLimits ?? null,
          clock: options.clock,
          onFailure: (error) => this.#fail(error),
        }),
      );
    }
    this.#pump = this.#pumpOutput();
  }

  process(stream: number, batch: Batch): void {
    const { owners, rows } = this.#streams[stream] as StreamInput;
    for (const route of owners) route.assign(batch);
    rows.begin(
      batch,
      owners.map((route) => route.owners),
    );
    const limits = { rowsMax, bytesMax: this.#input.payloadBytesMax / 4 };
    for (let from = 0; from < batch.rowCount; ) {
      from = rows.take(from, limits);
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

  async finish(): Promise<void> {
    this.#input.write(elementKinds.end, numberPayload(0));
    await this.#until(() => this.#input.flush() && this.#hosts.every(({ isDone }) => isDone));
  }

  stats(): readonly SubtaskStats[] {
    return this.#stats;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#signals.close();
    await Promise.all(this.#hosts.map((host) => host.close()));
    await this.#pump;
  }

  /** Room for a batch of the usual size. */
  get #hasRoom(): boolean {
    return this.#input.freeBytes > this.#input.usedBytes;
  }

  /** Hands on results, as fast as sinks take them, until the condition holds. */
  async #until(isReached: () => boolean): Promise<void> {
    for (;;) {
      const seen = this.#signals.hub.count;
      const hasCollected = this.#collect();
      await this.#options.output.drain();
      if (this.#failure !== null) throw this.#failure;
      if (isReached()) return;
      if (!hasCollected) await this.#signals.hub.waitAsync(seen);
    }
  }

  /** Hands on results while nobody drains: when no input comes. */
  async #pumpOutput(): Promise<void> {
    while (!this.#isClosed) {
      const seen = this.#signals.hub.count;
      try {
        if (this.#collect()) {
          this.#options.onActivity();
          await this.#options.output.drain();
        } else await this.#signals.hub.waitAsync(seen);
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  /** Hands on what is there now; false when there was nothing. */
  #collect(): boolean {
    let count = 0;
    for (const [subtask, host] of this.#hosts.entries()) {
      const { output } = host;
      for (let limit = collectMax; limit > 0 && output.next(); limit--) {
        this.#take(subtask, host);
        output.release();
        count += 1;
        this.#signals.workers[subtask]?.ring();
      }
    }
    return count > 0;
  }

  #take(subtask: number, host: WorkerHost): void {
    const { output } = host;
    if (output.kind === elementKinds.vectors) {
      this.#block.open(output.buffer, output.start);
      const vectors = this.#vectors[viewOfVectors(this.#block)] as VectorsReader;
      this.#options.output.emit(vectors.read(this.#block));
      return;
    }
    const message = output.message as WorkerMessage;
    switch (message.kind) {
      case 'late':
        return this.#options.output.late(message.origin, message.record);
      case 'fail':
        return this.#options.output.fail(message.origin, message.error);
      case 'done':
        host.isDone = true;
        this.#stats[subtask] = message.stats;
        return;
      case 'stats':
        this.#stats[subtask] = message.stats;
        return;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof MillraceError ? error : unexpected(error);
    this.#signals.hub.ring();
    this.#options.onActivity();
  }
}

/** Elements handed on per worker before sinks are asked whether they keep up. */
const collectMax = 16;

function unexpected(cause: unknown): MillraceError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('MR_INTERNAL', `results could not be handed on: ${what}`, { cause });
}

function emptyStats(subtask: number, { stages }: WorkerViewStageOptions): SubtaskStats {
  const views = stages.flatMap((stage) => stage.views);
  return {
    subtask,
    views: views.map(({ name, features }) => ({
      view: name,
      stats: {
        recordsIn: 0,
        rowsOut: 0,
        lateRecords: 0,
        failedRecords: 0,
        lateByFeature: Object.fromEntries(features.map((feature) => [feature.name, 0])),
        entities: 0,
        stateBytes: 0,
        firedTimers: 0,
      },
    })),
  };
}
