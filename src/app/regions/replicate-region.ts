// The replication job of a region: every view of the environment, again and again, from the centre to
// the copy. A centre or a copy that is away is waited for; the copy's age says so meanwhile.
import type { RegionalBinding } from '../../adapters/regions/regional.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { ChangeFeed } from '../../ports/stores/change-feed.ts';
import type { ExistingRows, OnlineStore, StoreContext } from '../../ports/online-store.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { expiries } from '../online-stores.ts';
import { storedViews } from '../stored-views.ts';
import { CopyIsOutdated, ReplicatedView } from './replicate-view.ts';

/** Options of `app.replicate`. */
export interface ReplicateOptions {
  /** From one look at the centre to the next, in ms. Default 500. */
  readonly intervalMs?: number;
  /** Stop when the copy has what the centre has. Default false: go on until the signal. */
  readonly untilCurrent?: boolean;
  readonly signal?: AbortSignal;
  readonly onNotice?: (message: string) => void;
  /** Told after each look. */
  readonly onProgress?: (progress: ReplicationProgress) => void;
}

/** How far a copy is. */
export interface ReplicationProgress {
  /** False while the centre or the copy does not answer. */
  readonly connected: boolean;
  readonly rows: number;
  /** How long ago the copy of the view that is furthest behind was complete; null before it was. */
  readonly age_ms: number | null;
  /** From when the centre took a row until the copy had it, since the start. */
  readonly lag_ms: { readonly p50: number | null; readonly p99: number | null };
  readonly views: readonly {
    readonly view: string;
    readonly rows: number;
    /** Of the newest rows. */
    readonly lag_ms: number | null;
    readonly age_ms: number | null;
  }[];
}

const defaultIntervalMs = 500;
/** From a cycle that failed to the next try. */
const retryMs = 1000;
const clockNote = 'clock';

const lagBounds = [
  ...[5, 10, 20, 50, 100, 200, 350, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000],
  ...[60_000, 300_000, 1_800_000, 3_600_000],
];

export async function replicateRegion(
  project: ResolvedProject,
  options: ReplicateOptions,
  metrics: MetricsRegistry = new MetricsRegistry(),
): Promise<ReplicationProgress> {
  const job = new ReplicationJob(project, options, metrics);
  try {
    return await job.run();
  } finally {
    await job.close();
  }
}

class ReplicationJob {
  readonly #project: ResolvedProject;
  readonly #options: ReplicateOptions;
  readonly #binding: RegionalBinding;
  readonly #signal: AbortSignal;
  readonly #views: readonly ReplicatedView[];
  readonly #lag: ReturnType<MetricsRegistry['histogram']>;
  #central: (OnlineStore & ChangeFeed) | null = null;
  #local: OnlineStore | null = null;
  #isRefilling = false;
  /** Why the last cycle failed; null when it did not. */
  #failure: string | null = null;

  constructor(project: ResolvedProject, options: ReplicateOptions, metrics: MetricsRegistry) {
    this.#project = project;
    this.#options = options;
    this.#binding = regionOf(project);
    this.#signal = options.signal ?? new AbortController().signal;
    const help = 'From when the centre took a row until the copy had it';
    const lag = metrics.histogram('replication_lag_ms', help, { bounds: lagBounds });
    this.#lag = lag;
    const parts = { clock: systemClock, lag, signal: this.#signal };
    this.#views = storedViews(project.plan).map((view) => new ReplicatedView({ view, ...parts }));
    // A copy that waits for its server lets go when the job ends.
    this.#signal.addEventListener('abort', () => this.#local?.giveUp?.(), { once: true });
  }

  async run(): Promise<ReplicationProgress> {
    const { untilCurrent = false, intervalMs = defaultIntervalMs, onProgress } = this.#options;
    while (!this.#signal.aborted) {
      const isWell = await this.#cycle();
      onProgress?.(this.progress());
      if (isWell && untilCurrent) break;
      await systemClock.sleep(isWell ? intervalMs : Math.max(intervalMs, retryMs), this.#signal);
    }
    return this.progress();
  }

  progress(): ReplicationProgress {
    const nowMs = systemClock.nowMs();
    const views = this.#views.map((view) => ({
      view: view.name,
      rows: view.rows,
      lag_ms: view.lagMs === null ? null : Math.round(view.lagMs),
      age_ms: view.completeAtMs === null ? null : Math.max(0, nowMs - view.completeAtMs),
    }));
    const ages = views.map(({ age_ms }) => age_ms ?? Number.POSITIVE_INFINITY);
    const oldest = Math.max(...ages);
    const lag = this.#lag;
    const quantile = (q: number): number | null =>
      lag.count === 0 ? null : Math.min(lag.quantile(q), lagBounds.at(-1) as number);
    return {
      connected: this.#failure === null,
      rows: views.reduce((sum, { rows }) => sum + rows, 0),
      age_ms: Number.isFinite(oldest) ? oldest : null,
      lag_ms: { p50: quantile(0.5), p99: quantile(0.99) },
      views,
    };
  }

  async close(): Promise<void> {
    const [central, local] = [this.#central, this.#local];
    this.#central = null;
    this.#local = null;
    await Promise.all([central?.close(), local?.close()]);
  }

  /** True when every view is complete. What passes by itself is said once and tried again. */
  async #cycle(): Promise<boolean> {
    try {
      const places = await this.#open('dropChanged');
      for (const view of this.#views) await view.catchUp(places);
      await this.#endRefill(places.local);
      if (this.#failure !== null) this.#notice('replication goes on');
      this.#failure = null;
      return !this.#signal.aborted;
    } catch (error) {
      if (error instanceof CopyIsOutdated) return this.#beginAnew();
      if (!(error instanceof MillraceError) || !passes(error)) throw error;
      if (this.#signal.aborted) return false;
      if (this.#failure === null) this.#notice(`replication waits: ${error.message}`);
      this.#failure = error.message;
      return false;
    }
  }

  async #open(existing: ExistingRows) {
    const context = this.#context();
    this.#central ??= feedOf(await this.#binding.central.open({ ...context, mode: 'read' }));
    if (this.#local === null) {
      this.#local = await this.#binding.local.open({ ...context, mode: 'write', existing });
      for (const view of this.#views) view.reset();
    }
    const local = this.#local;
    if (local.loss?.hasLostRows() === true) {
      await local.loss.beginRefill();
      this.#isRefilling = true;
      for (const view of this.#views) view.startOver();
    }
    const clock = this.#central.readNote(clockNote);
    if (clock !== null && clock !== local.readNote(clockNote)) {
      await local.writeNote(clockNote, clock);
    }
    return { central: this.#central, local };
  }

  /** All that the centre has is there again; unless it was lost once more, which the next cycle sees. */
  async #endRefill({ loss }: OnlineStore): Promise<void> {
    if (!this.#isRefilling) return;
    this.#isRefilling = false;
    await loss?.refilled();
  }

  /** The rows of the centre were dropped: so are those of the copy. */
  async #beginAnew(): Promise<boolean> {
    this.#notice('the centre has begun anew: so does the copy');
    await this.#local?.close();
    this.#local = null;
    await this.#open('dropAll');
    for (const view of this.#views) view.startOver();
    return false;
  }

  #context(): Omit<StoreContext, 'mode'> {
    const { project, variant, baseDirectory, plan } = this.#project;
    return {
      project,
      ...(variant === null ? {} : { variant }),
      baseDirectory,
      views: storedViews(plan),
      ...expiries(this.#project),
      onNotice: (message) => this.#notice(message),
    };
  }

  #notice(message: string): void {
    this.#options.onNotice?.(message);
  }
}

/** A centre without rows yet, and servers that are away, are waited for. */
function passes({ code }: MillraceError): boolean {
  return code === 'MR_STORE_AWAY' || code === 'MR_STORE_OPEN' || code === 'MR_STORE_FULL';
}

function regionOf({ environment, env }: ResolvedProject): RegionalBinding {
  const { online } = environment;
  if (online !== undefined && 'kind' in online && online.kind === 'regional') {
    return online as RegionalBinding;
  }
  throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" is no region`, {
    context: { path: `environments.${env}.online` },
    fix: "bind online: regional({ local: redis('redis://…'), central: postgres('postgres://…') })",
  });
}

function feedOf(store: OnlineStore): OnlineStore & ChangeFeed {
  if ('changes' in store) return store as OnlineStore & ChangeFeed;
  throw new MillraceError('MR_CONFIG_INVALID', 'the centre cannot tell what has changed in it', {
    fix: "make it postgres('postgres://…')",
  });
}
