// An online store as the job sees it, watched: when a batch can be read, how long each of its rows
// took from the event's intended time. `isKeeping` false: rows are counted and dropped.
import { memoryStore } from '../../src/adapters/memory/memory-store.ts';
import type { OnlineStoreBinding } from '../../src/ports/online-store.ts';
import type { LatencyHistogram } from './latency-histogram.ts';
import { wallMs } from './load-source.ts';

export class ObservedStore {
  rows = 0;
  isKeeping = true;
  /** Null: nothing is measured. Rows of paced phases only, whose event time is when they were due. */
  latency: LatencyHistogram | null = null;
  /** Rows of earlier events, still on their way when a paced phase begins, are not measured. */
  latencyFromMs = 0;
  readonly binding: OnlineStoreBinding;

  /** Without a store behind it rows are dropped. */
  constructor(inner: OnlineStoreBinding | null) {
    const store = inner ?? memoryStore();
    if (inner === null) this.isKeeping = false;
    this.binding = {
      description: store.description,
      open: async (context) => {
        const opened = await store.open(context);
        return {
          write: async (batch) => {
            this.rows += batch.rowCount;
            if (this.isKeeping) await opened.write(batch);
            const { latency, latencyFromMs } = this;
            if (latency === null) return;
            const nowMs = wallMs();
            for (let i = 0; i < batch.rowCount; i++) {
              const dueMs = batch.eventTimeMs[i] as number;
              if (dueMs >= latencyFromMs) latency.add(Math.max(0, nowMs - dueMs));
            }
          },
          read: (view, keys) => opened.read(view, keys),
          scan: (view) => opened.scan(view),
          greatestAsOfMs: () => opened.greatestAsOfMs(),
          writeNote: (name, value) => opened.writeNote(name, value),
          readNote: (name) => opened.readNote(name),
          close: () => opened.close(),
        };
      },
    };
  }
}
