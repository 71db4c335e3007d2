// The stage of a simulated job: the real one, in this thread, with somebody listening who writes
// down what the views are told and where the barriers are.
import { userAggregates } from '../../src/plan/user-aggregate.ts';
import type { SubtaskSnapshot } from '../../src/engine/checkpoint/subtask-snapshot.ts';
import { LocalViewStage } from '../../src/engine/task/local-view-stage.ts';
import type { ViewStage, ViewStageOptions } from '../../src/engine/task/view-stage.ts';
import { WorkerViewStage } from '../../src/engine/task/worker-view-stage.ts';
import { type HistoryBook, rowsStep } from './history.ts';
import { SimWorkers, type SimWorkersOptions } from './sim-workers.ts';

const ringBytes = 1 << 16;

export function simStage(
  options: ViewStageOptions,
  book: HistoryBook,
  workersOptions: Omit<SimWorkersOptions, 'stateFiles' | 'aggregates'>,
): ViewStage {
  const { parallelism, state } = options;
  if (parallelism === 1) return overheard(new LocalViewStage(options), book);
  if (state === null) throw new Error('the simulation keeps state');
  const workers = new SimWorkers({
    ...workersOptions,
    stateFiles: state.files,
    aggregates: userAggregates(options.plan),
  });
  const stage = new WorkerViewStage({
    ...options,
    ringBytes,
    startSubtask: (host) => workers.start(host),
    wait: (seen) => workers.wait(seen),
  });
  return overheard(stage, book);
}

function overheard(inner: ViewStage, book: HistoryBook): ViewStage {
  const timeline = book.begin();
  return {
    process(stream, batch) {
      timeline.steps.push(rowsStep(stream, batch));
      inner.process(stream, batch);
    },
    advanceWatermark(stream, ms) {
      timeline.steps.push({ kind: 'watermark', stream, ms });
      inner.advanceWatermark(stream, ms);
    },
    advanceIdleTime(stream, ms) {
      timeline.steps.push({ kind: 'idle', stream, ms });
      inner.advanceIdleTime(stream, ms);
    },
    restore(parts, planJson) {
      timeline.prefix = book.upTo(headOf(parts));
      return inner.restore(parts, planJson);
    },
    async snapshot(id, aligned) {
      const { length } = timeline.steps;
      const parts = await inner.snapshot(id, aligned);
      book.keep(headOf(parts), timeline, length);
      return parts;
    },
    drain: () => inner.drain(),
    abortSnapshot: () => inner.abortSnapshot(),
    release: (files) => inner.release(files),
    work: (isIdle) => inner.work(isIdle),
    emitAll: () => inner.emitAll(),
    finish: () => inner.finish(),
    stats: () => inner.stats(),
    close: () => inner.close(),
  };
}

function headOf(parts: readonly SubtaskSnapshot[]): string {
  return parts[0]?.head.name ?? '';
}
