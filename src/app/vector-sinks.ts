// Where a job's vectors go: the online store, the feature log. The log's rows appear when the job
// flushes or completes a checkpoint; the store's are visible with each write.
import { randomUUID } from 'node:crypto';
import type { FeatureLog } from '../ports/feature-log.ts';
import type { OnlineStore, StoreLoss } from '../ports/online-store.ts';
import type { StoredView } from '../ports/stored-view.ts';
import type { RefillableSink, VectorSink } from '../ports/vector-sink.ts';

const noteName = 'checkpoint';

/** Writes to a store that somebody else opens and closes. */
export function storeSink(store: OnlineStore): VectorSink {
  return {
    write: (batch) => store.write(batch),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
    ...(store.loss === undefined ? {} : { refill: refillOf(store.loss) }),
  };
}

/** Of a store that may lose rows while it is open. */
function refillOf(loss: StoreLoss): RefillableSink {
  return {
    hasLostRows: () => loss.hasLostRows(),
    beginRefill: () => loss.beginRefill(),
    endRefill: async () => {
      // Lost again meanwhile: `hasLostRows` says so.
      await loss.refilled();
    },
  };
}

/** What a store last heard of checkpoints: of which beginning of the job, and which one. */
interface StoreMark {
  readonly life: string;
  readonly id: number;
}

/**
 * The same for a job with checkpoints. Rows are versioned, so a replay changes nothing; a note in the
 * store says which checkpoint it has seen, which tells a store that has lost rows. `needsRows`: rows
 * were dropped when it was opened.
 */
export function checkpointedStoreSink(store: OnlineStore, needsRows: boolean): VectorSink {
  let life: string = randomUUID();
  let wantsRows = needsRows;
  let hasLostRows = false;
  let hasOldRows = false;
  return {
    ...storeSink(store),
    epochs: {
      name: 'online',
      prepare: async (id) => {
        const mark: StoreMark = { life, id };
        await store.writeNote(noteName, JSON.stringify(mark));
        hasLostRows = false;
        wantsRows = false;
        return { life };
      },
      commit: () => Promise.resolve(),
      recover: (restored) => {
        hasLostRows = false;
        if (restored !== null) {
          const state = restored.state as { readonly life?: string } | null;
          life = state?.life ?? life;
          const mark = readMark(store);
          const isOld = mark === null || mark.life !== life || mark.id < restored.id;
          hasLostRows = wantsRows || isOld;
          hasOldRows = isOld && mark !== null;
        }
        return Promise.resolve();
      },
    },
    refill: {
      hasLostRows: () => hasLostRows || store.loss?.hasLostRows() === true,
      beginRefill: async () => store.loss?.beginRefill(hasOldRows),
      endRefill: async () => {
        hasLostRows = false;
        hasOldRows = false;
        wantsRows = false;
        await store.loss?.refilled();
      },
    },
  };
}

function readMark(store: OnlineStore): StoreMark | null {
  const note = store.readNote(noteName);
  return note === null ? null : (JSON.parse(note) as StoreMark);
}

/** Writes rows of some views to a feature log; the job closes it, and what it did not flush is dropped. */
export function featureLogSink(log: FeatureLog, views: readonly StoredView[]): VectorSink {
  const names = new Set(views.map(({ view }) => view));
  return {
    write: (batch) => (names.has(batch.view) ? log.append(batch) : undefined),
    flush: () => log.commit(),
    close: () => log.close(),
    ...(log.epochs === undefined ? {} : { epochs: log.epochs }),
  };
}
