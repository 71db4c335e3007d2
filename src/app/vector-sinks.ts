// Where a job's vectors go: the online store, the feature log. The log's rows appear when the job
// flushes; the store's are visible with each write.
import type { FeatureLog } from '../ports/feature-log.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import type { VectorSink } from '../ports/vector-sink.ts';

/** Writes to a store that somebody else opens and closes. */
export function storeSink(store: OnlineStore): VectorSink {
  return {
    write: (batch) => store.write(batch),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Writes to a feature log; the job closes it, and what it did not flush is dropped. */
export function featureLogSink(log: FeatureLog): VectorSink {
  return {
    write: (batch) => log.append(batch),
    flush: () => log.commit(),
    close: () => log.close(),
  };
}
