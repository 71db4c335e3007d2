// A store as this process has it open: one handle at a time, the writing one while a run is going on,
// else a reading one, opened when first needed. A handle is closed only when nobody uses it; who
// comes while it changes waits.
import type { ExistingRows, OnlineStore, StoreContext } from '../ports/online-store.ts';

/** Opens the store; called again after each close. */
export type OpenStore = (
  mode: StoreContext['mode'],
  existing: ExistingRows,
) => Promise<OnlineStore>;

export class StoreHandle {
  readonly #openStore: OpenStore;
  #handle: OnlineStore | null = null;
  #isWriting = false;
  #users = 0;
  #idle = Promise.withResolvers<void>();
  #changing: Promise<unknown> | null = null;

  constructor(openStore: OpenStore) {
    this.#openStore = openStore;
  }

  /** The open handle; null when there is none, or it is about to change. */
  get opened(): OnlineStore | null {
    return this.#changing === null ? this.#handle : null;
  }

  /** Gives the store to `body`; it stays open until what `body` returns is settled. */
  async use<T>(body: (store: OnlineStore) => T | Promise<T>): Promise<T> {
    const store = await this.#acquire();
    try {
      return await body(store);
    } finally {
      this.#release();
    }
  }

  /** As `use`; what `body` gives at once of a store that is open is returned at once. */
  useNow<T>(body: (store: OnlineStore) => T | Promise<T>): T | Promise<T> {
    const store = this.opened;
    if (store === null) return this.use(body);
    this.#begin();
    let given: T | Promise<T>;
    try {
      given = body(store);
    } catch (error) {
      this.#release();
      throw error;
    }
    if (given instanceof Promise) return given.finally(() => this.#release());
    this.#release();
    return given;
  }

  async *scan(view: string): ReturnType<OnlineStore['scan']> {
    const store = await this.#acquire();
    try {
      yield* store.scan(view);
    } finally {
      this.#release();
    }
  }

  /** True while the open handle writes. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Opens the store for writing, until `endWriting`. */
  startWriting(existing: ExistingRows): Promise<OnlineStore> {
    return this.#change(() => this.#open('write', existing));
  }

  /**
   * Gives the store to `write` while a run of this process has it open for writing; else runs
   * `otherwise` while nothing is open here, with a way to open it for that long. Who reads waits.
   */
  async writeOr<T>(
    write: (store: OnlineStore) => Promise<T>,
    otherwise: (open: () => Promise<OnlineStore>) => Promise<T>,
  ): Promise<T> {
    while (this.#changing !== null) await this.#changing;
    if (this.#isWriting) return this.use(write);
    return this.#change(() => otherwise(() => this.#openStore('write', 'keep')));
  }

  async endWriting(): Promise<void> {
    if (this.#isWriting) await this.close();
  }

  async closeReading(): Promise<void> {
    if (!this.#isWriting && this.#handle !== null) await this.close();
  }

  async close(): Promise<void> {
    await this.#change(() => Promise.resolve());
  }

  async #acquire(): Promise<OnlineStore> {
    for (;;) {
      if (this.#changing !== null) await this.#changing;
      else if (this.#handle === null) await this.#change(() => this.#open('read', 'keep'));
      else {
        this.#begin();
        return this.#handle;
      }
    }
  }

  #begin(): void {
    if (this.#users++ === 0) this.#idle = Promise.withResolvers();
  }

  #release(): void {
    if (--this.#users === 0) this.#idle.resolve();
  }

  /** Closes what is open once nobody uses it, then does `next`; changes come one after the other. */
  async #change<T>(next: () => Promise<T>): Promise<T> {
    while (this.#changing !== null) await this.#changing;
    const change = this.#closeWhenIdle().then(next);
    this.#changing = change.catch(() => undefined);
    try {
      return await change;
    } finally {
      this.#changing = null;
    }
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#users > 0) await this.#idle.promise;
    const handle = this.#handle;
    this.#handle = null;
    this.#isWriting = false;
    await handle?.close();
  }

  async #open(mode: StoreContext['mode'], existing: ExistingRows): Promise<OnlineStore> {
    const store = await this.#openStore(mode, existing);
    this.#handle = store;
    this.#isWriting = mode === 'write';
    return store;
  }
}
