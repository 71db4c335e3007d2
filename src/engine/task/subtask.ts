// A share of the keys: the operators of all views of a job for them, in one thread. What it is told
// comes in one order (rows, watermarks, idle time), and all that its operators give goes to its
// output before a call returns: rows that other views read have gone through those too. Its state may
// have a backend, which writes it beside the input. Anything that an operator throws is a bug of ours,
// named by the view.
import type { Batch } from '../../columns/batch.ts';
import { RowsFeed } from '../chain/rows-feed.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { keyGroupsOf } from '../../kernel/key-group.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { maxWatermark, minWatermark } from '../../kernel/instant.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import { planFromJson } from '../../plan/plan-json.ts';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
import type { OperatorContext, OperatorStats } from '../operators/operator.ts';
import { ImageTranslator } from '../operators/upgrade/image-translator.ts';
import { ViewOperator } from '../operators/view-operator.ts';
import type { KeyImages } from '../state/residence.ts';
import type { Translations } from '../state/backend/restore.ts';
import { SubtaskState } from '../state/backend/subtask-state.ts';
import type { RowOrigin, StageOutput, StageState, SubtaskStats } from './view-stage.ts';

/** What a subtask gives away, wherever it runs. */
export interface SubtaskOutput extends Pick<StageOutput, 'late' | 'fail'> {
  /** Vectors of a view, by its number over all stages; the batch is reused after the call. */
  emit(view: number, batch: VectorBatch): void;
  /** The same for vectors of `emitAll`. */
  refill(view: number, batch: VectorBatch): void;
}

export interface SubtaskOptions {
  readonly plan: Plan;
  readonly stages: readonly SourceStage[];
  readonly subtask: number;
  readonly parallelism: number;
  readonly output: SubtaskOutput;
  /** Null: state stays in memory and is never written. */
  readonly state: Omit<StageState, 'threads'> | null;
}

interface HostedView {
  readonly node: ViewNode;
  readonly stream: number;
  readonly operator: ViewOperator;
}

/** The rows of a view as a stream of this subtask. */
interface Chain {
  /** Number of the stream. */
  readonly stream: number;
  /** Number of the stream that the view reads. */
  readonly from: number;
  readonly feed: RowsFeed;
}

export class Subtask {
  readonly #subtask: number;
  readonly #plan: Plan;
  readonly #views: readonly HostedView[];
  readonly #state: SubtaskState | null;
  /** Each behind those that it reads from. */
  readonly #chains: readonly Chain[];
  readonly #feeds: ReadonlyMap<number, RowsFeed>;
  /** The watermark that the views of each stream were told. */
  readonly #toldMs: Float64Array;
  #isRefilling = false;

  constructor(options: SubtaskOptions) {
    const { plan, stages, subtask } = options;
    this.#subtask = subtask;
    this.#plan = plan;
    const state = createState(options);
    this.#state = state;
    const output = this.#output(options.output);
    this.#views = stages
      .flatMap(({ views }, stream) => views.map((node) => ({ node, stream })))
      .map(({ node, stream }, view) => {
        const context = contextOf(output, view, { stream, viewUid: node.uid });
        const residence =
          state === null ? null : (images: KeyImages) => state.register(node.uid, images);
        const operator = new ViewOperator({ plan, view: node, context, residence });
        return { node, stream, operator };
      });
    this.#toldMs = new Float64Array(stages.length).fill(minWatermark);
    const chains = this.#createChains(stages);
    this.#chains = chains.map(({ chain }) => chain);
    this.#feeds = new Map(chains.map(({ view, chain }) => [view, chain.feed]));
  }

  #createChains(
    stages: readonly SourceStage[],
  ): readonly { readonly view: number; readonly chain: Chain }[] {
    return stages.flatMap(({ stream: node }, stream) => {
      if (node.rowsOf === undefined) return [];
      const view = this.#views.findIndex((hosted) => hosted.node.name === node.rowsOf);
      const read = this.#views[view];
      if (read === undefined) throw new TypeError(`view "${node.rowsOf}" is read, but not here`);
      const feed = new RowsFeed(node, read.node);
      return [{ view, chain: { stream, from: read.stream, feed } }];
    });
  }

  /** Tells vectors that are given again from those that are new. */
  #output(output: SubtaskOutput): SubtaskOutput {
    return {
      late: (origin, record) => output.late(origin, record),
      fail: (origin, error) => output.fail(origin, error),
      refill: (view, batch) => output.refill(view, batch),
      emit: (view, batch) => {
        if (this.#isRefilling) return output.refill(view, batch);
        this.#feeds.get(view)?.take(batch);
        output.emit(view, batch);
      },
    };
  }

  /** Before any input: snapshots of any number of subtasks, as far as their keys belong here. */
  restore(parts: readonly SubtaskSnapshot[], planJson: JsonValue): void {
    this.#state?.restore(parts, this.#translations(parts, planJson));
  }

  /** For the views that the parts have in another form. */
  #translations(parts: readonly SubtaskSnapshot[], planJson: JsonValue): Translations {
    const newer = this.#plan;
    const uids = new Set(parts.flatMap(({ views }) => views.map(({ uid }) => uid)));
    const older = (): Plan => planFromJson(JSON.stringify(planJson));
    return new Map(
      this.#views
        .filter(({ node }) => uids.has(node.uid))
        .map(({ node: view }) => [
          view.uid,
          () => new ImageTranslator({ older: older(), newer, view }),
        ]),
    );
  }

  /** The state of now is to be kept; `work` writes it. */
  beginSnapshot(id: number): void {
    this.#state?.beginSnapshot(id);
  }

  abortSnapshot(): void {
    this.#state?.abortSnapshot();
  }

  /** A slice of what is to be done besides input; false when there was nothing. */
  work(): boolean {
    if (this.#state === null || !this.#state.hasWork) return false;
    this.#state.work(false);
    return true;
  }

  /** The snapshot when it is complete, once. */
  takeSnapshot(): SubtaskSnapshot | null {
    return this.#state?.takeSnapshot() ?? null;
  }

  release(files: readonly string[]): void {
    this.#state?.release(files);
  }

  /** Gives the vector of every key as it is, in parts; between them nothing else may run. */
  *emitAll(): Generator<void> {
    this.#isRefilling = true;
    try {
      for (const view of this.#views) {
        const parts = view.operator.emitAll();
        let isDone = false;
        while (!isDone) {
          guard(view, () => {
            isDone = parts.next().done === true;
          });
          yield;
        }
      }
    } finally {
      this.#isRefilling = false;
    }
  }

  close(): void {
    this.#state?.close();
  }

  /** Rows for some views of their stream; views are numbered over all stages in order. */
  process(views: readonly number[], batch: Batch): void {
    for (const number of views) {
      const view = this.#views[number] as HostedView;
      guard(view, () => view.operator.processBatch(batch));
    }
    this.#handOn();
  }

  advanceWatermark(stream: number, watermarkMs: number): void {
    this.#advance(stream, watermarkMs);
    this.#handOn();
  }

  #advance(stream: number, watermarkMs: number): void {
    if (watermarkMs <= (this.#toldMs[stream] as number)) return;
    this.#toldMs[stream] = watermarkMs;
    for (const view of this.#views) {
      if (view.stream === stream) guard(view, () => view.operator.advanceWatermark(watermarkMs));
    }
  }

  /** Rows that views gave go to the views that read them, and the watermark behind them. */
  #handOn(): void {
    for (const { stream, from, feed } of this.#chains) {
      const batch = feed.next();
      for (const view of batch === null ? [] : this.#views) {
        if (view.stream === stream) guard(view, () => view.operator.processBatch(batch as Batch));
      }
      const toldMs = this.#toldMs[from] as number;
      const isEnded = toldMs === maxWatermark;
      this.#advance(stream, feed.watermarkAfter(isEnded ? minWatermark : toldMs));
      if (isEnded) this.#advance(stream, maxWatermark);
    }
  }

  /** What others read comes by the watermark alone: a row of an idle hour would be given twice. */
  advanceIdleTime(stream: number, nowMs: number): void {
    for (const [number, view] of this.#views.entries()) {
      if (view.stream !== stream || this.#feeds.has(number)) continue;
      guard(view, () => view.operator.advanceIdleTime(nowMs));
    }
    for (const { stream: rows, from } of this.#chains) {
      if (from === stream) this.advanceIdleTime(rows, nowMs);
    }
    this.#handOn();
  }

  stats(): SubtaskStats {
    return {
      subtask: this.#subtask,
      views: this.#views.map(({ node, operator }) => ({
        view: node.name,
        stats: this.#statsOf(node.uid, operator.stats()),
      })),
    };
  }

  /** The operator knows of its keys in memory only. */
  #statsOf(uid: string, stats: OperatorStats): OperatorStats {
    return this.#state === null ? stats : { ...stats, entities: this.#state.entriesOf(uid) };
  }
}

function createState({ state, subtask, parallelism }: SubtaskOptions): SubtaskState | null {
  if (state === null) return null;
  const { memoryBytesMax, filePrefix } = state;
  return new SubtaskState({
    ...state,
    subtask,
    keyGroups: keyGroupsOf(subtask, parallelism),
    memoryBytesMax: memoryBytesMax === null ? null : Math.floor(memoryBytesMax / parallelism),
    filePrefix: `${filePrefix}s${subtask}-`,
  });
}

/** The numbers of the views of each stage. */
export function viewNumbers(stages: readonly SourceStage[]): readonly (readonly number[])[] {
  let next = 0;
  return stages.map(({ views }) => views.map(() => next++));
}

function contextOf(
  output: SubtaskOutput,
  view: number,
  place: Omit<RowOrigin, 'split'>,
): OperatorContext {
  return {
    emit: (batch) => output.emit(view, batch),
    late: (record, { split }) => output.late({ ...place, split }, record),
    fail: (error, { split }) => output.fail({ ...place, split }, error),
  };
}

function guard({ node }: HostedView, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw new MillraceError('MR_INTERNAL', `view "${node.name}" failed: ${what}`, {
      context: { operatorUid: node.uid },
      fix: 'please report it with the definition of the view',
      cause: error,
    });
  }
}
