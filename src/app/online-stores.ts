// The online store of an environment, as this process uses it: one handle at a time, the writing one
// while a run is going on, else a reading one, opened when first needed. A handle is closed only when
// nobody uses it; who comes while it changes waits. `current` stays valid across such changes, so that
// a server goes on while runs come and go.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { ExistingRows, OnlineStore, StoreContext } from '../ports/online-store.ts';
import type { ResolvedProject } from './config/resolve-project.ts';
import { storedViews } from './stored-views.ts';

export class OnlineStores {
  readonly #project: ResolvedProject;
  #handle: OnlineStore | null = null;
  #isWriting = false;
  #users = 0;
  #idle = Promise.withResolvers<void>();
  #changing: Promise<unknown> | null = null;

  constructor(project: ResolvedProject) {
    this.#project = project;
  }

  /** True when the environment has an online store. */
  get isBound(): boolean {
    return this.#project.environment.online !== undefined;
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

  /** Opens the store for writing, until `endWriting`. */
  startWriting(existing: ExistingRows = 'keep'): Promise<OnlineStore> {
    return this.#change(() => this.#open('write', existing));
  }

  async endWriting(): Promise<void> {
    if (this.#isWriting) await this.close();
  }

  async close(): Promise<void> {
    await this.#change(() => Promise.resolve());
  }

  /** Reads go to whichever handle is open. Not for writing. */
  get current(): OnlineStore {
    const open = (): OnlineStore | null => (this.#changing === null ? this.#handle : null);
    return {
      write: (batch) => this.use((store) => store.write(batch)),
      read: (view, keys) =>
        open()?.read(view, keys) ?? this.use(async (store) => store.read(view, keys)),
      scan: (view) => this.#scan(view),
      greatestAsOfMs: () => open()?.greatestAsOfMs() ?? null,
      writeNote: (name, value) => this.use((store) => store.writeNote(name, value)),
      readNote: (name) => open()?.readNote(name) ?? null,
      close: () => Promise.resolve(),
    };
  }

  async *#scan(view: string): ReturnType<OnlineStore['scan']> {
    const store = await this.#acquire();
    try {
      yield* store.scan(view);
    } finally {
      this.#release();
    }
  }

  async #acquire(): Promise<OnlineStore> {
    for (;;) {
      if (this.#changing !== null) await this.#changing;
      else if (this.#handle === null) await this.#change(() => this.#open('read', 'keep'));
      else {
        if (this.#users++ === 0) this.#idle = Promise.withResolvers();
        return this.#handle;
      }
    }
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
    const { environment, baseDirectory, project, plan, env, variant } = this.#project;
    if (environment.online === undefined) {
      throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" has no online store`, {
        context: { path: `environments.${env}.online` },
        fix: "add online: embedded('./.millrace/online')",
      });
    }
    const views = storedViews(plan);
    const store = await environment.online.open({
      project,
      ...(variant === null ? {} : { variant }),
      baseDirectory,
      mode,
      views,
      existing,
    });
    this.#handle = store;
    this.#isWriting = mode === 'write';
    return store;
  }
}
