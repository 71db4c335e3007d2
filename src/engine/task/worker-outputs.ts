// What comes back from workers: vectors to the sinks, records that were late or failed, answers and
// snapshots. Each worker's output is read in order; while a barrier is on its way, a worker that is
// past it is held back until all are, and the sinks have been told.
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { featureFields } from '../../plan/plan.ts';
import { BlockReader } from '../exchange/block-reader.ts';
import type { Doorbell } from '../exchange/doorbell.ts';
import { elementKinds } from '../exchange/elements.ts';
import { VectorsReader, viewOfVectors } from '../exchange/vectors-element.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
import type { StageSnapshot } from './stage-snapshot.ts';
import type { StageOutput, SubtaskStats } from './view-stage.ts';
import type { SubtaskHost } from './worker-host.ts';
import { receivedError, type WorkerMessage } from './worker-protocol.ts';

/** Elements handed on per worker before sinks are asked whether they keep up. */
const collectMax = 16;

export interface WorkerOutputsOptions {
  readonly stages: readonly SourceStage[];
  readonly output: StageOutput;
  readonly hosts: readonly SubtaskHost[];
  /** Rung when room was made in a worker's ring. */
  readonly bells: readonly Doorbell[];
  readonly snapshot: StageSnapshot;
}

export class WorkerOutputs {
  readonly stats: SubtaskStats[];
  /** Answers that are still to come. */
  unanswered = 0;
  readonly #options: WorkerOutputsOptions;
  readonly #vectors: readonly VectorsReader[];
  readonly #block = new BlockReader();

  constructor(options: WorkerOutputsOptions) {
    const { stages, hosts } = options;
    this.#options = options;
    const views = stages.flatMap((stage) => stage.views);
    this.#vectors = views.map((view) => new VectorsReader(view.name, featureFields(view)));
    this.stats = hosts.map((_, subtask) => emptyStats(subtask, stages));
  }

  /** Hands on what is there now; false when there was nothing. */
  collect(): boolean {
    const { snapshot } = this.#options;
    let count = 0;
    for (const [subtask, host] of this.#options.hosts.entries()) {
      const { output } = host;
      for (let limit = collectMax; limit > 0; limit--) {
        if (!snapshot.mayRead(subtask) || !output.next()) break;
        this.#take(subtask, host);
        output.release();
        count += 1;
        this.#options.bells[subtask]?.ring();
      }
    }
    return count > 0;
  }

  #take(subtask: number, host: SubtaskHost): void {
    const { output } = host;
    switch (output.kind) {
      case elementKinds.vectors:
        return this.#options.output.emit(this.#vectorsOf(host));
      case elementKinds.refill:
        return this.#options.output.refill(this.#vectorsOf(host));
      case elementKinds.marker:
        return this.#options.snapshot.markerSeen(subtask, output.value);
      default:
        return this.#hear(subtask, output.message as WorkerMessage);
    }
  }

  #vectorsOf({ output }: SubtaskHost): VectorBatch {
    this.#block.open(output.buffer, output.start);
    return (this.#vectors[viewOfVectors(this.#block)] as VectorsReader).read(this.#block);
  }

  #hear(subtask: number, message: WorkerMessage): void {
    const { output, snapshot, hosts } = this.#options;
    switch (message.kind) {
      case 'late':
        return output.late(message.origin, message.record);
      case 'fail':
        return output.fail(message.origin, message.error);
      case 'stats':
        this.stats[subtask] = message.stats;
        return;
      case 'answer':
        this.unanswered -= 1;
        return;
      case 'snapshot':
        return snapshot.written(subtask, message.id, message.snapshot);
      case 'snapshotFailed': {
        const name = { worker: subtask, of: hosts.length };
        return snapshot.failed(message.id, receivedError(message.error, name));
      }
    }
  }
}

function emptyStats(subtask: number, stages: readonly SourceStage[]): SubtaskStats {
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
        failedValues: 0,
        lastFailure: null,
        lateByFeature: Object.fromEntries(features.map((feature) => [feature.name, 0])),
        entities: 0,
        stateBytes: 0,
        firedTimers: 0,
      },
    })),
  };
}
