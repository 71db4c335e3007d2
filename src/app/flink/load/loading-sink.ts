// Stands before the online store in a loader's job: rows of groups in, rows of views out. Views that are
// still catching up are held back, and given whole afterwards: a store whose rows are gone is not filled
// with rows of a checkpoint that are older than those it had. Versions of one life of the loader's state
// are greater than those of every life before it, so that a rebuilt state is not taken for an old one.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { JsonValue } from '../../../kernel/json-value.ts';
import type { EpochSink } from '../../../ports/epoch-sink.ts';
import type { VectorSink } from '../../../ports/vector-sink.ts';
import type { CatchUp } from './catch-up.ts';
import { GroupMerger } from './group-merger.ts';
import type { LoadedView } from './loader-plan.ts';

export interface LoadingSinkOptions {
  readonly loaded: readonly LoadedView[];
  readonly catchUp: CatchUp;
  /** When this run begins: the life of a state that begins with it. */
  readonly nowMs: number;
}

/** Rows of a key in one millisecond, at most: lives begin so far apart. */
const seqPerMs = 1000;

/** What a checkpoint keeps. */
interface LoadedState {
  readonly seqBase: number;
  /** Views whose rows were held back: the store does not have them. */
  readonly owed: readonly string[];
  /** Of the store. */
  readonly store: JsonValue;
}

/** The same sink, for a loader's plan. Other views than those that are loaded pass through. */
export function loadingSink(inner: VectorSink, options: LoadingSinkOptions): VectorSink {
  const { loaded, catchUp, nowMs } = options;
  const mergers = new Map(
    loaded.map(({ view, groups }) => [view.name, new GroupMerger(view, groups)] as const),
  );
  let seqBase = nowMs * seqPerMs;
  /** Views with rows that were held back. */
  const owed = new Set<string>();
  const isDue = (): boolean => [...owed].some((view) => !catchUp.isHeld(view));
  const isHolding = (): boolean => loaded.some(({ view }) => catchUp.isHeld(view.name));
  /** What a store has lost may be newer than what a checkpoint knew: it waits for the newest, too. */
  const hasInnerLost = (): boolean => inner.refill?.hasLostRows() === true && !isHolding();
  let refillsInner = false;
  const write = (batch: VectorBatch): void | Promise<void> => {
    const merger = mergers.get(batch.view);
    if (merger === undefined) return inner.write(batch);
    if (catchUp.isHeld(batch.view)) {
      owed.add(batch.view);
      return;
    }
    return inner.write(merger.merge(batch, seqBase));
  };
  const owe = (view: string): void => {
    owed.add(view);
    catchUp.hold(view);
  };
  const life = {
    state: (store: JsonValue): JsonValue => ({ seqBase, owed: [...owed], store }),
    restore: (state: LoadedState): void => {
      seqBase = state.seqBase;
      state.owed.forEach(owe);
    },
    recovered: (): void => {
      if (inner.refill?.hasLostRows() === true) loaded.forEach(({ view }) => owe(view.name));
    },
  };
  return {
    write,
    flush: () => inner.flush(),
    close: () => inner.close(),
    ...(inner.epochs === undefined ? {} : { epochs: withLife(inner.epochs, life) }),
    refill: {
      hasLostRows: () => isDue() || hasInnerLost(),
      beginRefill: async () => {
        refillsInner = hasInnerLost();
        for (const view of owed) if (!catchUp.isHeld(view)) owed.delete(view);
        if (refillsInner) await inner.refill?.beginRefill?.();
      },
      endRefill: async () => {
        if (refillsInner) await inner.refill?.endRefill();
      },
    },
  };
}

interface LoaderLife {
  state(store: JsonValue): JsonValue;
  restore(state: LoadedState): void;
  /** The store knows what it has lost. */
  recovered(): void;
}

function withLife(inner: EpochSink, life: LoaderLife): EpochSink {
  return {
    ...inner,
    prepare: async (id, positions) => {
      // As it is now: what is written while the store prepares belongs to the next epoch.
      const of = life.state(null) as unknown as LoadedState;
      const store = await inner.prepare(id, positions);
      return { ...of, store } as unknown as JsonValue;
    },
    recover: async (restored) => {
      const state = (restored?.state ?? null) as LoadedState | null;
      if (state !== null) life.restore(state);
      await inner.recover(restored === null ? null : { ...restored, state: state?.store ?? null });
      life.recovered();
    },
  };
}
