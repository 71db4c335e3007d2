// The online store of an environment, as this process uses it: one handle at a time, the writing one
// while a run is going on, else a reading one, opened when first needed. `current` stays valid across
// such changes, so that a server goes on while runs come and go.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { OnlineStore, StoreContext } from '../ports/online-store.ts';
import type { ResolvedProject } from './config/resolve-project.ts';
import { storedViews } from './stored-views.ts';

export class OnlineStores {
  readonly #project: ResolvedProject;
  #handle: OnlineStore | null = null;
  #mode: StoreContext['mode'] = 'read';
  #opening: Promise<OnlineStore> | null = null;

  constructor(project: ResolvedProject) {
    this.#project = project;
  }

  /** True when the environment has an online store. */
  get isBound(): boolean {
    return this.#project.environment.online !== undefined;
  }

  /** The store for reading, beside or without a run. */
  async reader(): Promise<OnlineStore> {
    if (this.#handle !== null) return this.#handle;
    this.#opening ??= this.#open('read').finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** The store for writing, until `endWriting`. */
  async startWriting(): Promise<OnlineStore> {
    await this.#opening?.catch(() => undefined);
    await this.close();
    return this.#open('write');
  }

  async endWriting(): Promise<void> {
    if (this.#mode === 'write') await this.close();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** Reads and writes go to whichever handle is open. */
  get current(): OnlineStore {
    const opened = (): OnlineStore | null => this.#handle;
    return {
      write: async (batch) => (await this.reader()).write(batch),
      read: (view, keys) =>
        opened()?.read(view, keys) ?? this.reader().then((store) => store.read(view, keys)),
      scan: (view) => this.#scan(view),
      greatestAsOfMs: () => opened()?.greatestAsOfMs() ?? null,
      writeNote: async (name, value) => (await this.reader()).writeNote(name, value),
      readNote: (name) => opened()?.readNote(name) ?? null,
      close: () => Promise.resolve(),
    };
  }

  async *#scan(view: string): ReturnType<OnlineStore['scan']> {
    yield* (await this.reader()).scan(view);
  }

  async #open(mode: StoreContext['mode']): Promise<OnlineStore> {
    const { environment, baseDirectory, project, plan, env } = this.#project;
    if (environment.online === undefined) {
      throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" has no online store`, {
        context: { path: `environments.${env}.online` },
        fix: "add online: embedded('./.millrace/online')",
      });
    }
    const views = storedViews(plan);
    const store = await environment.online.open({ project, baseDirectory, mode, views });
    this.#handle = store;
    this.#mode = mode;
    return store;
  }
}
