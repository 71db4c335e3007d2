// The online store of an environment, as this process uses it. A run writes to the rows of its own
// job; readers are given those of the job that the store's alias names, asked at each read and the
// same for all reads of one turn, so that a request never mixes two jobs. `current` stays valid while
// runs come and go and readers are switched.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type {
  ExistingRows,
  OnlineStore,
  OnlineStoreBinding,
  StoreContext,
} from '../ports/online-store.ts';
import type { AliasState, StoreAlias } from '../ports/store-jobs.ts';
import type { ResolvedProject } from './config/resolve-project.ts';
import { clockModeOf } from './clock-mode.ts';
import { StoreHandle } from './store-handle.ts';
import { storedViews } from './stored-views.ts';

export class OnlineStores {
  readonly #project: ResolvedProject;
  readonly #own: StoreHandle;
  readonly #promoted = new Map<string, StoreHandle>();
  #alias: StoreAlias | null = null;
  #aliasOpening: Promise<void> | null = null;
  #onNotice: (message: string) => void = ignore;
  /** What readers are given in this turn. */
  #held: StoreHandle | null = null;

  constructor(project: ResolvedProject) {
    this.#project = project;
    this.#own = this.#handleOf(project.variant, false);
    // Second jobs are read by their name: no alias stands in between.
    if (project.variant !== null || project.environment.online?.jobs === undefined) {
      this.#alias = ownRows;
    }
  }

  /** True when the environment has an online store. */
  get isBound(): boolean {
    return this.#project.environment.online !== undefined;
  }

  /** Gives readers' store to `body`; it stays open until what `body` returns is settled. */
  async use<T>(body: (store: OnlineStore) => T | Promise<T>): Promise<T> {
    return (await this.#reading()).use(body);
  }

  /** True while this process writes the rows that readers are given. */
  get isWriting(): boolean {
    return this.#own.isWriting && (this.#readingNow() ?? this.#own) === this.#own;
  }

  /** Opens the rows of this job for writing, until `endWriting`. */
  startWriting(
    existing: ExistingRows = 'keep',
    onNotice: (message: string) => void = ignore,
  ): Promise<OnlineStore> {
    this.#onNotice = onNotice;
    return this.#own.startWriting(existing);
  }

  endWriting(): Promise<void> {
    return this.#own.endWriting();
  }

  /** Ends waiting for a store that is away: what is being written fails. */
  giveUp(): void {
    this.#own.opened?.giveUp?.();
  }

  /** As `StoreHandle.writeOr`, for what readers are given. */
  async writeOr<T>(
    write: (store: OnlineStore) => Promise<T>,
    otherwise: (open: () => Promise<OnlineStore>) => Promise<T>,
  ): Promise<T> {
    return (await this.#reading()).writeOr(write, otherwise);
  }

  async close(): Promise<void> {
    await Promise.all([this.#own, ...this.#promoted.values()].map((handle) => handle.close()));
    this.#promoted.clear();
  }

  /** Closes what is open for reading only; it is opened again when it is next needed. */
  async closeReading(): Promise<void> {
    await Promise.all([this.#own, ...this.#promoted.values()].map((h) => h.closeReading()));
  }

  /** Reads go to whichever handle is open. Not for writing. */
  get current(): OnlineStore {
    const opened = (): OnlineStore | null => this.#readingNow()?.opened ?? null;
    return {
      write: (batch) => this.use((store) => store.write(batch)),
      read: (view, keys) => {
        const reading = this.#readingNow();
        if (reading !== null) return reading.useNow((store) => store.read(view, keys));
        return this.use((store) => store.read(view, keys));
      },
      scan: (view) => this.#scan(view),
      greatestAsOfMs: () => opened()?.greatestAsOfMs() ?? null,
      writeNote: (name, value) => this.use((store) => store.writeNote(name, value)),
      readNote: (name) => opened()?.readNote(name) ?? null,
      health: () => opened()?.health?.() ?? { state: 'ready', message: '' },
      close: () => Promise.resolve(),
    };
  }

  async *#scan(view: string): ReturnType<OnlineStore['scan']> {
    yield* (await this.#reading()).scan(view);
  }

  /** Null when that is not known without waiting. */
  #readingNow(): StoreHandle | null {
    if (this.#held !== null) return this.#held;
    const state = this.#alias?.current() ?? null;
    return state === null || state instanceof Promise ? null : this.#hold(state);
  }

  async #reading(): Promise<StoreHandle> {
    this.#aliasOpening ??= this.#openAlias();
    await this.#aliasOpening;
    const state = await (this.#alias ?? ownRows).current();
    return this.#held ?? this.#hold(state);
  }

  #hold({ variant }: AliasState): StoreHandle {
    const handle = variant === null ? this.#own : this.#promotedHandle(variant);
    this.#held = handle;
    queueMicrotask(() => {
      this.#held = null;
    });
    return handle;
  }

  #promotedHandle(variant: string): StoreHandle {
    const known = this.#promoted.get(variant);
    if (known !== undefined) return known;
    // Who was read before is not read again soon.
    for (const old of this.#promoted.values()) void old.close();
    this.#promoted.clear();
    const handle = this.#handleOf(variant, true);
    this.#promoted.set(variant, handle);
    return handle;
  }

  async #openAlias(): Promise<void> {
    if (this.#alias !== null) return;
    const { project, baseDirectory, environment } = this.#project;
    const place = { project, baseDirectory };
    this.#alias = (await environment.online?.jobs?.openAlias(place)) ?? ownRows;
  }

  #handleOf(variant: string | null, acceptsSameShape: boolean): StoreHandle {
    return new StoreHandle((mode, existing) => {
      const { baseDirectory, project, plan } = this.#project;
      return onlineBinding(this.#project).open({
        project,
        ...(variant === null ? {} : { variant }),
        baseDirectory,
        mode,
        views: storedViews(plan),
        existing,
        acceptsSameShape,
        onNotice: (message) => this.#onNotice(message),
        ...expiries(this.#project),
      } satisfies StoreContext);
    });
  }
}

/** The online store of the environment; throws MR_CONFIG_INVALID when it has none. */
export function onlineBinding({ environment, env }: ResolvedProject): OnlineStoreBinding {
  if (environment.online !== undefined) return environment.online;
  throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" has no online store`, {
    context: { path: `environments.${env}.online` },
    fix: "add online: embedded('./.millrace/online')",
  });
}

/** When *now* is wall time, rows older than their view's ttl are of no use to anybody. */
export function expiries(project: ResolvedProject): Pick<StoreContext, 'expiresAfterMs'> {
  if (clockModeOf(project) !== 'wall') return {};
  const views = project.plan.views.flatMap(({ name, ttlMs }) =>
    ttlMs === null ? [] : [[name, ttlMs] as const],
  );
  return { expiresAfterMs: Object.fromEntries(views) };
}

function ignore(): void {
  // Nobody listens.
}

const ownState: AliasState = { version: 0, variant: null, history: [] };

/** Readers are given the rows of the job itself. */
const ownRows: StoreAlias = {
  current: () => ownState,
  move: () => Promise.reject(new MillraceError('MR_INTERNAL', 'this alias does not move')),
  close: () => Promise.resolve(),
};
