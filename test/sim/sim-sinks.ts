// The sinks of one life of a job, on the outputs that outlive it. Writes may be slow and may fail
// once; what was written and not prepared is lost with the process.
import type { VectorBatch } from '../../src/columns/vector-batch.ts';
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { DeadLetterSink, LateRecordSink } from '../../src/ports/dead-letter-sink.ts';
import type { EpochSink, RestoredEpoch } from '../../src/ports/epoch-sink.ts';
import type { VectorSink } from '../../src/ports/vector-sink.ts';
import { rowsOf } from '../../src/testing/operator-runner.ts';
import { identityOf } from '../../src/testing/oracle/values.ts';
import type { LoggedRow, RecordFile, SimOutputs } from './outputs.ts';
import { rowText, viewNamed } from './reference.ts';
import type { OperationOptions, SimProcess } from './world.ts';

export interface SinkMood {
  readonly slowRate: number;
  readonly failureRate: number;
}

export interface SinkOptions {
  readonly plan: Plan;
  readonly outputs: SimOutputs;
  readonly process: SimProcess;
  readonly mood: SinkMood;
}

/** How an operation of a sink goes: at once, slowly, or not at all. */
function sinkOperation({ process, mood }: SinkOptions, name: string): OperationOptions {
  const { world } = process;
  const isSlow = world.chance(mood.slowRate);
  if (isSlow) world.fault('slow sink', name);
  const effectMs = isSlow ? world.next() * 200 : world.next();
  return {
    effectMs,
    outcome: () => {
      if (!world.chance(mood.failureRate)) return 'done';
      world.fault('sink failed', name);
      return world.chance(0.5) ? 'refused' : 'answerLost';
    },
    failure: () => new MillraceError('MR_FILE_ACCESS', `the simulated sink failed: ${name}`),
  };
}

/** Operations of one sink happen one after the other, as those of a file do. */
class SinkQueue {
  readonly #options: SinkOptions;
  readonly #name: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SinkOptions, name: string) {
    this.#options = options;
    this.#name = name;
  }

  /** The process that asks. */
  get by(): string {
    return this.#options.process.name;
  }

  run<T>(what: string, effect: () => T): Promise<T> {
    const { process } = this.#options;
    const name = `${this.#name} ${what}`;
    const result = this.#last.then(() =>
      process.call(name, effect, sinkOperation(this.#options, name)),
    );
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Going back is a few renames and cuts: a process does not stand still for longer than a lease amid them. */
  recover(restored: RestoredEpoch | null, effect: () => void): Promise<void> {
    const { process } = this.#options;
    process.indivisible += 1;
    return this.run(`recovers ${restored?.id ?? 'nothing'}`, effect).finally(() => {
      process.indivisible -= 1;
    });
  }
}

/** The online store: newest rows, visible at once. */
export function storeSink(options: SinkOptions): VectorSink {
  const { plan, outputs } = options;
  const queue = new SinkQueue(options, 'store');
  return {
    write(batch) {
      const view = viewNamed(plan, batch.view);
      const rows = rowsOf(batch, view);
      return queue.run(`takes ${rows.length}`, () => {
        for (const row of rows) {
          const { asOfMs, seq } = row;
          outputs.store.put(view.name, identityOf(row.key), { asOfMs, seq, text: rowText(row) });
        }
      });
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** The feature log: rows of an epoch are hidden until its checkpoint is complete. */
export function logSink(options: SinkOptions): VectorSink {
  const { plan, outputs, process } = options;
  const queue = new SinkQueue(options, 'log');
  const { log } = outputs;
  let rows: LoggedRow[] = [];
  /** Hidden files that no commit has shown yet, with the id that they were prepared for. */
  let prepared: { readonly id: number; readonly name: string }[] = [];
  let files = 0;
  return {
    write(batch) {
      rows.push(...loggedRows(plan, batch));
    },
    flush: () => Promise.reject(new Error('the log is flushed although it takes part in epochs')),
    close: () => Promise.resolve(),
    epochs: {
      name: 'log',
      prepare(id) {
        const taken = rows;
        rows = [];
        const name = `${process.name}-${files++}`;
        prepared.push({ id, name });
        return queue.run(`prepares ${id}`, () => {
          log.hidden.set(name, { epoch: id, rows: taken });
          return prepared.filter((file) => file.id <= id).map((file) => file.name);
        });
      },
      commit: (id) =>
        queue.run(`commits ${id}`, () => {
          const names = prepared.filter((file) => file.id <= id).map((file) => file.name);
          log.show(names, process.name);
          prepared = prepared.filter((file) => file.id > id);
        }),
      recover(restored) {
        rows = [];
        prepared = [];
        return queue.recover(restored, () => {
          log.goBackTo(
            restored?.id ?? 0,
            (restored?.state ?? []) as readonly string[],
            process.name,
          );
        });
      },
    },
  };
}

function loggedRows(plan: Plan, batch: VectorBatch): readonly LoggedRow[] {
  const view = viewNamed(plan, batch.view);
  return rowsOf(batch, view).map((row) => ({
    view: view.name,
    key: identityOf(row.key),
    text: rowText(row),
  }));
}

export function letterSink(options: SinkOptions): DeadLetterSink {
  const { plan, outputs, process } = options;
  const queue = new SinkQueue(options, 'letters');
  return {
    write(letters) {
      const lines = letters.map(({ stream, split, offset, operatorUid }) => {
        const isSource = plan.streams.some(({ uid }) => uid === operatorUid);
        return isSource
          ? `source ${stream}/${split}:${offset}`
          : `view ${operatorUid} ${split}:${offset}`;
      });
      return queue.run(`take ${lines.join(' ')}`, () =>
        outputs.letters.append(lines, process.name),
      );
    },
    close: () => Promise.resolve(),
    epochs: recordEpochs('letters', queue, outputs.letters),
  };
}

export function lateSink(options: SinkOptions): LateRecordSink {
  const { outputs, process } = options;
  const queue = new SinkQueue(options, 'late');
  return {
    write(records) {
      const lines = records.map(
        ({ view, split, offset, features }) =>
          `late ${view} ${split}:${offset} ${[...features].sort().join()}`,
      );
      return queue.run(`takes ${lines.length}`, () => outputs.late.append(lines, process.name));
    },
    close: () => Promise.resolve(),
    epochs: recordEpochs('late', queue, outputs.late),
  };
}

/** A file of lines says how long it is, and is cut back to that. */
function recordEpochs(name: string, queue: SinkQueue, file: RecordFile): EpochSink {
  return {
    name,
    prepare: (id) => queue.run(`prepares ${id}`, () => file.lines.length),
    commit: (id) => queue.run(`commits ${id}`, () => undefined),
    recover: (restored) =>
      queue.recover(restored, () => {
        file.cutTo((restored?.state ?? 0) as number, queue.by);
      }),
  };
}
