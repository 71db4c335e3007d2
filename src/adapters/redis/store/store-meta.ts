// What a store knows besides its rows: one hash per job with the views as they were written, notes,
// the greatest as_of, and whether rows are being written again. Kept here as a copy that is at most a
// second old while somebody reads, so that asking needs no waiting.
import type { Clock } from '../../../kernel/clock.ts';
import type { FieldType } from '../../../kernel/types/field-type.ts';
import type { StoredView } from '../../../ports/online-store.ts';
import type { RedisLink } from '../client/redis-link.ts';
import { markerKey, metaKey } from '../layout/key-names.ts';

/** A view as it was written, and which of its generations of keys counts. */
export interface RecordedView {
  readonly view: StoredView;
  readonly generation: number;
}

export const metaLayoutVersion = '1';
const freshMs = 1000;

export class StoreMeta {
  readonly key: string;
  /** Of a server that is no cluster. */
  readonly markerKey: string;
  readonly #link: RedisLink;
  readonly #clock: Clock;
  #fields = new Map<string, string>();
  #views = new Map<string, RecordedView>();
  #loadedMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;
  greatestAsOfMs: number | null = null;

  /** `keepsGreatest`: what this process wrote counts although the server may have lost it. */
  readonly #keepsGreatest: boolean;

  constructor(
    link: RedisLink,
    scope: string,
    { clock, keepsGreatest }: { readonly clock: Clock; readonly keepsGreatest: boolean },
  ) {
    this.#link = link;
    this.#keepsGreatest = keepsGreatest;
    this.#clock = clock;
    this.key = metaKey(scope);
    this.markerKey = markerKey(scope);
  }

  /** Takes in what the server has. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const reply = (await this.#link.send(this.key, ['HGETALL', this.key])) as readonly string[];
    this.#loadedMs = this.#clock.monotonicMs();
    this.#fields = new Map();
    for (let i = 0; i + 1 < reply.length; i += 2) {
      this.#fields.set(reply[i] as string, reply[i + 1] as string);
    }
    this.#views = new Map();
    for (const [name, value] of this.#fields) {
      if (!name.startsWith('view:')) continue;
      const recorded = parseRecord(value);
      this.#views.set(recorded.view.view, recorded);
    }
    this.#takeAsOf(this.#fields.get('as_of') ?? null);
  }

  /** Takes in only the greatest as_of: the rest is as this process has written it. */
  async loadAsOf(): Promise<void> {
    this.#takeAsOf((await this.#link.send(this.key, ['HGET', this.key, 'as_of'])) as string | null);
  }

  #takeAsOf(asOf: string | null): void {
    const found = asOf === null ? null : Number(asOf);
    const known = this.#keepsGreatest ? this.greatestAsOfMs : null;
    this.greatestAsOfMs = known === null ? found : Math.max(known, found ?? known);
  }

  /** Loads when what is here is older than a second; never waits, and never fails. */
  refresh(): void {
    if (
      this.#keepsGreatest ||
      this.#loading !== null ||
      this.#clock.monotonicMs() - this.#loadedMs < freshMs
    )
      return;
    this.load().catch(() => undefined);
  }

  get(field: string): string | null {
    return this.#fields.get(field) ?? null;
  }

  get views(): ReadonlyMap<string, RecordedView> {
    return this.#views;
  }

  async set(values: Readonly<Record<string, string>>): Promise<void> {
    const flat = Object.entries(values).flat();
    if (flat.length === 0) return;
    await this.#link.send(this.key, ['HSET', this.key, ...flat]);
    for (const [field, value] of Object.entries(values)) this.#put(field, value);
  }

  async remove(...fields: readonly string[]): Promise<void> {
    await this.#link.send(this.key, ['HDEL', this.key, ...fields]);
    for (const field of fields) this.#fields.delete(field);
    if (fields.includes('as_of')) this.greatestAsOfMs = null;
  }

  #put(field: string, value: string): void {
    this.#fields.set(field, value);
    if (field.startsWith('view:')) {
      const recorded = parseRecord(value);
      this.#views.set(recorded.view.view, recorded);
    }
  }

  /** Everything that is known here, for a server that has lost it. */
  async writeAgain(): Promise<void> {
    const asOf = this.greatestAsOfMs;
    await this.set({
      ...Object.fromEntries(this.#fields),
      ...(asOf === null ? {} : { as_of: String(asOf) }),
    });
  }
}

export function recordText({ view, generation }: RecordedView): string {
  const field = ({ name, type, nullable }: StoredView['key'][number]): object => ({
    name,
    type,
    nullable,
  });
  return JSON.stringify({
    view: view.view,
    generation,
    fingerprint: view.fingerprint,
    key: view.key.map(field),
    features: view.features.map(field),
  });
}

interface RecordedField {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
}

function parseRecord(text: string): RecordedView {
  const { generation, view, key, features, fingerprint } = JSON.parse(text) as {
    readonly generation: number;
    readonly view: string;
    readonly fingerprint: string;
    readonly key: readonly RecordedField[];
    readonly features: readonly RecordedField[];
  };
  return { generation, view: { view, key, features, fingerprint } };
}
