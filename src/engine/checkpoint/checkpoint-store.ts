// The checkpoints of one job, for the process that runs it: its lease, restoring, committing and
// clearing up, over any storage. A checkpoint counts once its manifest is written AND the lease was
// confirmed after that, so whoever takes over has either seen it or made it void. Only files that
// this process found or wrote are ever removed: those of a later owner are not known to it.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import {
  type Candidate,
  decideRestore,
  type NamedCheckpoint,
  type Refused,
} from './decide-restore.ts';
import { decideRetention, garbageSegments, retainMin } from './decide-retention.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { acquireLease, type LeaseHolder } from './lease-holder.ts';
import type { Manifest, ManifestDraft } from './manifest.ts';
import { filesOf } from './manifest-codec.ts';
import { writeManifest } from './manifest-writer.ts';
import { fileName, isPlainName, manifestName } from './names.ts';
import { currentProcess, type ProcessIdentity } from './process-identity.ts';
import { counts, fetchFiles, findCheckpoints } from './read-checkpoints.ts';
import { createSavepoint, type Savepoint } from './savepoints.ts';

export interface CheckpointStoreOptions {
  readonly storage: CheckpointStorage;
  /** One part of a name: letters, digits, `.`, `_`, `-`. */
  readonly job: string;
  readonly clock: Clock;
  /** Checkpoints to keep. Default and least: 2. */
  readonly retain?: number;
  /** How long a lease lasts without renewal; renewed three times as often. Default 30 s. */
  readonly leaseMs?: number;
  /** Files sent or fetched at the same time. Default 4. */
  readonly transfersMax?: number;
  /** Told in words when old files could not be removed; they are tried again. */
  readonly report?: (message: string) => void;
  /** Default: this process. */
  readonly self?: ProcessIdentity;
}

export interface LoadOptions {
  /** The checkpoint that an exactly-once sink's output ends with: this one or none. */
  readonly named?: NamedCheckpoint;
  /** Checkpoints whose files turned out to be damaged when they were read, by id. */
  readonly refused?: ReadonlyMap<number, MillraceError>;
}

export interface Loaded {
  /** Null when the job has never had a checkpoint. */
  readonly manifest: Manifest | null;
  /** Newer ones that were passed over: to be said aloud. */
  readonly refused: readonly Refused[];
}

const defaults = { retain: retainMin, leaseMs: 30_000, transfersMax: 4, report: () => undefined };
const generationPattern = /\/segments\/g(\d{1,15})-[^/]*$/;

/** Takes the lease of the job. MR_CHECKPOINT_IN_USE when another living process has it. */
export async function openCheckpointStore(
  options: CheckpointStoreOptions,
): Promise<CheckpointStore> {
  const { storage, job, clock } = options;
  if (!isPlainName(job)) {
    throw new MillraceError('MR_CONFIG_INVALID', `"${job}" cannot be the name of a job`, {
      fix: 'use letters, digits, ".", "_" and "-", at most 200, not beginning with a dot',
    });
  }
  const resolved = { ...defaults, self: currentProcess(clock), ...options };
  const lease = await acquireLease({
    ...resolved,
    durationMs: resolved.leaseMs,
    generationSeen: () => greatestGeneration(storage, job),
  });
  return new CheckpointStore(resolved, lease);
}

/** Without a lock file, what lies there tells which generations there have been. */
async function greatestGeneration(storage: CheckpointStorage, job: string): Promise<number> {
  const { candidates, stored } = await findCheckpoints(storage, job);
  const ofManifests = candidates.map(({ manifest }) => manifest?.generation ?? 0);
  const ofFiles = [...stored.keys()].map((name) => Number(generationPattern.exec(name)?.[1] ?? 0));
  return Math.max(0, ...ofManifests, ...ofFiles);
}

/** The checkpoints of a job whose lease this process has. */
export class CheckpointStore {
  /** How names of state files begin, so that no two processes ever use the same name. */
  readonly filePrefix: string;
  readonly #options: Required<CheckpointStoreOptions>;
  readonly #lease: LeaseHolder;
  /** Files that were found or written. */
  readonly #stored = new Set<string>();
  readonly #complete = new Map<number, Manifest>();
  /** Ids of manifests that were refused, or of which it is not known whether they were written. */
  readonly #refused = new Map<number, Manifest | null>();
  #greatestId = 0;
  #isLoaded = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: Required<CheckpointStoreOptions>, lease: LeaseHolder) {
    this.#options = options;
    this.#lease = lease;
    this.filePrefix = `g${lease.generation}-${options.self.owner}-`;
  }

  get generation(): number {
    return this.#lease.generation;
  }

  /** Aborted with MR_FENCED as its reason once another process has taken the job over. */
  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  /** The id of the next attempt; never given twice. */
  nextId(): number {
    this.#requireLoaded();
    this.#greatestId += 1;
    return this.#greatestId;
  }

  /**
   * The checkpoint to go on from, which makes all later ones void. Before anything else; again with
   * `refused` when the state of the chosen one could not be read.
   */
  loadLatest(load: LoadOptions = {}): Promise<Loaded> {
    return this.#inTurn(() => this.#loadLatest(load));
  }

  async #loadLatest({ named, refused = new Map() }: LoadOptions): Promise<Loaded> {
    const { storage, job } = this.#options;
    const { candidates, stored } = await findCheckpoints(storage, job);
    const fence = this.#lease.fence;
    const judged = candidates
      .filter((candidate) => counts(candidate, fence))
      .map((candidate) => refuse(candidate, refused));
    const decision = decideRestore(job, judged, named ?? null);
    if (decision.kind === 'stop') {
      // Files of a job that is somebody else's by now go missing for good reason.
      await this.#lease.confirm();
      throw decision.error;
    }
    const manifest = decision.kind === 'restore' ? decision.manifest : null;
    await this.#goOnFrom(manifest?.id ?? 0, { candidates, judged, stored });
    return { manifest, refused: decision.kind === 'restore' ? decision.refused : [] };
  }

  async #goOnFrom(restoredId: number, found: Found): Promise<void> {
    const ids = found.candidates.map(({ id }) => id);
    this.#greatestId = Math.max(this.#greatestId, restoredId, ...ids);
    const { generation, fence: before } = this.#lease;
    const kept = found.candidates
      .filter((candidate) => candidate.id <= restoredId && counts(candidate, before))
      .flatMap(({ id, manifest }) =>
        manifest === null ? [] : [[id, manifest.generation] as const],
      );
    const fence = { generation, restoredId, greatestId: this.#greatestId, kept };
    await this.#lease.confirm({ fence });
    this.#complete.clear();
    this.#refused.clear();
    this.#stored.clear();
    const prefix = fileName(this.#options.job, '');
    for (const name of found.stored.keys()) this.#stored.add(name.slice(prefix.length));
    for (const candidate of found.judged) {
      const { id, manifest, error } = candidate;
      if (error !== null) this.#refused.set(id, manifest);
      else if (counts(candidate, fence)) this.#complete.set(id, manifest);
    }
    this.#isLoaded = true;
    const isLeft = ({ id }: Candidate): boolean => this.#complete.has(id) || this.#refused.has(id);
    await this.#clearUp(found.candidates.filter((c) => !isLeft(c)).map(({ id }) => id));
  }

  /** Makes everything after a checkpoint void; false when that one is not there, whole, any more. */
  goBackTo(id: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const { storage, job } = this.#options;
      const { candidates, stored } = await findCheckpoints(storage, job);
      const judged = candidates.filter((candidate) => counts(candidate, this.#lease.fence));
      if (!judged.some((candidate) => candidate.id === id && candidate.error === null))
        return false;
      await this.#goOnFrom(id, { candidates, judged, stored });
      return true;
    });
  }

  /** Fetches the files of the restored checkpoint, but for those that are here, to local paths. */
  fetch(
    manifest: Manifest,
    pathOf: (file: string) => string,
    isHere: (file: string) => boolean = () => false,
  ): Promise<void> {
    const { storage, job, transfersMax } = this.#options;
    return fetchFiles(storage, { base: job, manifest }, { pathOf, transfersMax, isHere });
  }

  /**
   * Makes a checkpoint of what is in `draft`: stores the files that are not yet in storage, from the
   * paths that `pathOf` gives, then the manifest, and removes what retention no longer keeps. It is
   * complete when this resolves. When it rejects, it may still turn out to be complete after a
   * restart (not with MR_FENCED): whatever was prepared for it must be kept until a later one is.
   */
  commit(draft: ManifestDraft, pathOf: (file: string) => string): Promise<Manifest> {
    return this.#inTurn(() => this.#commit(draft, pathOf));
  }

  async #commit(draft: ManifestDraft, pathOf: (file: string) => string): Promise<Manifest> {
    this.#requireLoaded();
    this.lost.throwIfAborted();
    const manifest = this.#sign(draft);
    await this.#storeFiles(manifest, (file, name) =>
      this.#options.storage.writeFrom(name, pathOf(file)),
    );
    await this.#writeManifest(manifest);
    await this.#retain(manifest.id);
    return manifest;
  }

  /** Makes a savepoint of a checkpoint that is still retained. */
  saveAs(name: string, manifest: Manifest): Promise<Savepoint> {
    // In turn, so that its files are not removed while they are copied.
    return this.#inTurn(() => createSavepoint(this.#options.storage, manifest, name));
  }

  /** Makes a savepoint, of this or another job in this storage, the newest checkpoint of this job. */
  adopt({ base, manifest: saved }: Savepoint): Promise<Manifest> {
    return this.#inTurn(async () => {
      const { storage } = this.#options;
      const manifest = this.#sign({ ...saved, id: this.nextId() });
      await this.#storeFiles(manifest, (file, name) => storage.copy(fileName(base, file), name));
      await this.#writeManifest(manifest);
      return manifest;
    });
  }

  /** Removes every checkpoint of the job (not its savepoints): it begins anew. */
  discard(): Promise<void> {
    return this.#inTurn(async () => {
      const { storage, job } = this.#options;
      const { candidates, stored } = await findCheckpoints(storage, job);
      await this.#goOnFrom(0, { candidates, judged: [], stored });
    });
  }

  /** Rejects with MR_FENCED when the job is not this process's any more. */
  confirm(): Promise<void> {
    return this.#inTurn(() => this.#lease.confirm());
  }

  /** Whether nobody else can have the job now, as far as this process can know without asking. */
  get isCertain(): boolean {
    return this.#lease.isCertain;
  }

  /** Checkpoints that may be restored: complete ones, and those of which that is not known. */
  get retained(): readonly Manifest[] {
    const unsure = [...this.#refused.values()].filter((manifest) => manifest !== null);
    return [...this.#complete.values(), ...unsure];
  }

  /** Gives the lease back. Checkpoints stay. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#lease.release();
  }

  #sign(draft: ManifestDraft): Manifest {
    const { job, clock } = this.#options;
    const { generation } = this.#lease;
    return { ...draft, job, createdAtMs: clock.nowMs(), generation };
  }

  async #storeFiles(
    manifest: Manifest,
    store: (file: string, name: string) => Promise<void>,
  ): Promise<void> {
    const { job, transfersMax } = this.#options;
    const files = [...filesOf(manifest).keys()].filter((file) => !this.#stored.has(file));
    await forEachBounded(files, transfersMax, async (file) => {
      await store(file, fileName(job, file));
      this.#stored.add(file);
    });
  }

  async #writeManifest(manifest: Manifest): Promise<void> {
    const { storage } = this.#options;
    this.#greatestId = Math.max(this.#greatestId, manifest.id);
    this.#refused.set(manifest.id, manifest);
    await writeManifest(storage, manifest);
    await this.#lease.confirm();
    this.#refused.delete(manifest.id);
    this.#complete.set(manifest.id, manifest);
  }

  async #retain(newestId: number): Promise<void> {
    const remove = decideRetention({
      complete: [...this.#complete.keys()],
      refused: [...this.#refused.keys()].filter((id) => id < newestId),
      retain: this.#options.retain,
    });
    await this.#clearUp(remove);
  }

  /** Manifests first: a file that goes before them would make them wrong. */
  async #clearUp(ids: readonly number[]): Promise<void> {
    const { storage, job, report } = this.#options;
    const doomed = new Set(ids);
    const known = [...this.#complete.values(), ...this.#refused.values()];
    const retained = known.filter((m): m is Manifest => m !== null && !doomed.has(m.id));
    try {
      await storage.remove(ids.map((id) => manifestName(job, id)));
      for (const id of ids) {
        this.#complete.delete(id);
        this.#refused.delete(id);
      }
      const garbage = garbageSegments(this.#stored, retained);
      // Forgotten first: a file that is only perhaps there must be stored again when it is needed.
      for (const file of garbage) this.#stored.delete(file);
      await storage.remove(garbage.map((file) => fileName(job, file)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      report(`old checkpoints of job "${job}" could not be removed yet: ${reason}`);
    }
  }

  #requireLoaded(): void {
    if (this.#isLoaded) return;
    throw new MillraceError('MR_INTERNAL', 'a checkpoint was begun before the last one was loaded');
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

interface Found {
  readonly candidates: readonly Candidate[];
  readonly judged: readonly Candidate[];
  readonly stored: ReadonlyMap<string, number>;
}

function refuse(candidate: Candidate, refused: ReadonlyMap<number, MillraceError>): Candidate {
  const error = refused.get(candidate.id);
  return error === undefined ? candidate : { ...candidate, error };
}
