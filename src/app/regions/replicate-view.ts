// One view from the centre to the copy of a region: pages of changes from where the copy is, then a note
// beside the copy that says how far that is and when nothing more was to be found. The note is written
// after the rows, so a copy is never thought newer than it is; rows are versioned, so what comes twice
// changes nothing.
import { batchOfRows } from '../../columns/batch-of-rows.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Histogram } from '../../kernel/metrics/metrics-registry.ts';
import type { ChangeFeed } from '../../ports/stores/change-feed.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import {
  parseReplicaNote,
  replicaNoteName,
  replicaNoteText,
} from '../../ports/stores/replica-note.ts';
import type { StoredView } from '../../ports/stored-view.ts';

export interface ReplicatedPlaces {
  readonly central: ChangeFeed;
  readonly local: OnlineStore;
}

export interface ReplicateViewOptions {
  readonly view: StoredView;
  readonly clock: Clock;
  /** From when the centre took a row until the copy had it. */
  readonly lag: Histogram;
  readonly signal: AbortSignal;
}

const pageRows = 2000;

/** Rows of the copy have to go first: those of the centre were dropped. */
export class CopyIsOutdated extends Error {}

export class ReplicatedView {
  rows = 0;
  /** Of the newest page that had rows. */
  lagMs: number | null = null;
  completeAtMs: number | null = null;
  readonly #options: ReplicateViewOptions;
  #cursor: string | null = null;
  #isOpen = false;

  constructor(options: ReplicateViewOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.view.view;
  }

  /** The copy, or what is known of it, is another one. */
  reset(): void {
    this.#isOpen = false;
  }

  /** The copy has lost rows: it is filled from the beginning. */
  startOver(): void {
    this.#isOpen = true;
    this.#cursor = null;
  }

  /** Copies until there is nothing more. Throws CopyIsOutdated. */
  async catchUp({ central, local }: ReplicatedPlaces): Promise<void> {
    const { view, clock, signal } = this.#options;
    if (!this.#isOpen) this.#goOn(local);
    for (;;) {
      const askedMs = clock.nowMs();
      const changes = await central.changes(view.view, this.#cursor, pageRows);
      if (changes.isRestarted) throw new CopyIsOutdated();
      if (changes.rows.length > 0) {
        await local.write(batchOfRows(view.view, view.features, changes.rows));
        this.#measure(changes.rows, changes.atMs - askedMs);
      }
      this.#cursor = changes.cursor;
      if (signal.aborted) return;
      if (!changes.isAtEnd) continue;
      this.completeAtMs = askedMs;
      const { fingerprint } = view;
      const note = { cursor: changes.cursor, fingerprint, completeAtMs: askedMs };
      await local.writeNote(replicaNoteName(view.view), replicaNoteText(note));
      return;
    }
  }

  #goOn(local: OnlineStore): void {
    const { view } = this.#options;
    const note = parseReplicaNote(local.readNote(replicaNoteName(view.view)));
    this.#cursor = note?.fingerprint === view.fingerprint ? note.cursor : null;
    this.#isOpen = true;
  }

  /** `aheadMs`: the centre's clock less ours, as far as one question tells. */
  #measure(rows: readonly { readonly writtenAtMs: number }[], aheadMs: number): void {
    const nowMs = this.#options.clock.nowMs() + aheadMs;
    this.rows += rows.length;
    let greatest = 0;
    for (const { writtenAtMs } of rows) {
      const lagMs = Math.max(0, nowMs - writtenAtMs);
      this.#options.lag.observe(lagMs);
      greatest = Math.max(greatest, lagMs);
    }
    this.lagMs = greatest;
  }
}
