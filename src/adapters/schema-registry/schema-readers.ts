// The reader of each schema id that messages name, made when the first such message comes. Three
// outcomes are kept apart: no such schema, a schema that does not fit (both say so of each message),
// and a registry that does not answer, for which everybody waits.
import type { Clock } from '../../kernel/clock.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ResolvedSchema, SchemaRegistry } from '../../ports/schema-registry.ts';
import { askAgain } from './backoff.ts';

/** What to do with messages of a schema id. */
export type SchemaState<R> =
  | { readonly kind: 'ready'; readonly reader: R }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'loading'; readonly loaded: Promise<void> };

/** An id that was not there is asked for again after this: a registry's copies may lag behind. */
const unknownKeptMs = 10_000;

export interface SchemaReadersOptions<R> {
  readonly registry: SchemaRegistry;
  readonly clock: Clock;
  readonly signal: AbortSignal | null;
  /** Told once when messages have to wait, and once when they go on. */
  readonly report: (message: string) => void;
  /** Throws MillraceError when rows cannot be read out of records of this schema. */
  createReader(id: number, schema: ResolvedSchema): R;
}

export class SchemaReaders<R> {
  /** Why messages wait, for people; null while none do. */
  problem: string | null = null;
  readonly #options: SchemaReadersOptions<R>;
  readonly #states = new Map<number, SchemaState<R>>();
  readonly #unknownUntilMs = new Map<number, number>();

  constructor(options: SchemaReadersOptions<R>) {
    this.#options = options;
  }

  of(id: number): SchemaState<R> {
    const state = this.#states.get(id);
    if (state !== undefined && !this.#isStale(id)) return state;
    const loaded = this.#load(id);
    // Whoever waits for it hears of a failure; nobody may be waiting any more.
    loaded.catch(() => undefined);
    const loading = { kind: 'loading' as const, loaded };
    this.#states.set(id, loading);
    return loading;
  }

  #isStale(id: number): boolean {
    const untilMs = this.#unknownUntilMs.get(id);
    return untilMs !== undefined && this.#options.clock.monotonicMs() >= untilMs;
  }

  async #load(id: number): Promise<void> {
    const { registry, clock, signal } = this.#options;
    this.#unknownUntilMs.delete(id);
    try {
      const schema = await askAgain(() => registry.schemaOf(id), {
        clock,
        signal,
        triesMax: Number.POSITIVE_INFINITY,
        onFailure: ({ message }) => this.#noteWaiting(id, message),
      });
      if (schema === null) this.#unknownUntilMs.set(id, clock.monotonicMs() + unknownKeptMs);
      this.#states.set(id, schema === null ? unknownId(id, registry) : this.#prepare(id, schema));
    } catch (error) {
      this.#states.delete(id);
      throw error;
    } finally {
      if (this.problem !== null) this.#options.report(`reading goes on: schema ${id} is settled`);
      this.problem = null;
    }
  }

  #noteWaiting(id: number, failure: string): void {
    const isNew = this.problem === null;
    this.problem = `waiting for schema ${id}: ${failure}`;
    if (isNew) this.#options.report(`${this.problem}; nothing is lost, it is asked again`);
  }

  #prepare(id: number, schema: ResolvedSchema): SchemaState<R> {
    try {
      return { kind: 'ready', reader: this.#options.createReader(id, schema) };
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      const message = `written with schema ${id}, which does not fit: ${error.message}`;
      return { kind: 'failed', code: 'MR_SCHEMA_MISMATCH', message };
    }
  }
}

function unknownId<R>(id: number, { description }: SchemaRegistry): SchemaState<R> {
  const message = `names schema ${id}, which registry ${description} does not have`;
  return { kind: 'failed', code: 'MR_SCHEMA_UNKNOWN_ID', message };
}
