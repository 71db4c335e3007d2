// The writing side of a store: rows as scripts, notes, and what was lost. Notes follow all rows that
// were written before them, so that a server which has the note has the rows.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { StoreContext, StoreLoss } from '../../../ports/online-store.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import type { RedisLink } from '../client/redis-link.ts';
import { troubleOf } from '../client/redis-errors.ts';
import { markerKey, scopeOf } from '../layout/key-names.ts';
import { evaluate } from '../layout/scan-keys.ts';
import type { RowLayout, WriteCall } from '../layout/row-layout.ts';
import type { ResolvedRedisOptions } from '../redis-options.ts';
import { ScriptSender } from './script-sender.ts';
import { type RedisScript, cleanMarker, raiseAsOf, soilMarker } from './scripts.ts';
import type { RecordedView, StoreMeta } from './store-meta.ts';
import { WriteMarkers, markerNumber } from './write-markers.ts';

export interface WriterParts {
  readonly options: ResolvedRedisOptions;
  readonly context: StoreContext;
  readonly clock: Clock;
  readonly link: RedisLink;
  readonly meta: StoreMeta;
  readonly layout: RowLayout;
}

const rowsAtFirst = 200;
const rowsLeast = 25;
const rowsMost = 400;
const bytesMax = 256 * 1024;
/** Readers wait behind a script: longer ones get fewer rows, shorter ones more. */
const answerMsMost = 4;
const answerMsLeast = 1.5;
const refillField = 'refilling';
const markersField = 'markers';
/** Of a cluster: a server that lost its data has lost all of its markers, so some of them say it. */
const markersMax = 1024;

export class RedisWriter {
  readonly sender: ScriptSender;
  readonly markers: WriteMarkers;
  readonly #parts: WriterParts;
  #rowsPerScript = rowsAtFirst;
  readonly #expiries: ReadonlyMap<string, number>;
  #isLost = false;
  #refilling: { readonly losses: number } | null = null;

  constructor(parts: WriterParts) {
    const { link, clock, options, context } = parts;
    const { inFlightMax, name } = options;
    const onNotice = context.onNotice ?? ignore;
    this.#parts = parts;
    this.#expiries = expiriesOf(context, options.layout === 'feast');
    this.sender = new ScriptSender({ link, clock, inFlightMax, onNotice });
    // Numbers of each life are above those of all before, whatever a server has lost.
    const first = Math.floor(clock.nowMs()) * 1000;
    this.markers = new WriteMarkers(first, () => {
      if (!this.#isLost) {
        onNotice(
          `redis ${name} has lost rows (started again, flushed or replaced): they are written again from the job's state`,
        );
      }
      this.#isLost = true;
    });
  }

  /** Goes on with the numbers of an earlier life, and sees whether its rows are still there. */
  async begin(): Promise<void> {
    const { meta, link, context } = this.#parts;
    const single = markerKey(scopeOf(context.project, context.variant));
    const recorded = parseMarkers(meta.get(markersField));
    const keys = link.isCluster ? Object.keys(recorded) : [single];
    for (const key of keys) {
      const seen = markerNumber(await link.send(key, ['GET', key]));
      const expected = recorded[key] ?? 0;
      if (seen < expected) this.#isLost = true;
      this.markers.restore(key, Math.max(seen, 0));
    }
    // An earlier life did not end what it had begun.
    if (meta.get(refillField) !== null) this.#isLost = true;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get isRefilling(): boolean {
    return this.#refilling !== null;
  }

  async write(recorded: RecordedView, batch: VectorBatch, rows: Int32Array): Promise<void> {
    const { layout, meta } = this.#parts;
    this.#adapt();
    const calls = layout.writeCalls(recorded, batch, rows, {
      rowsMax: this.#rowsPerScript,
      bytesMax,
      expiresAfterMs: this.#expiries.get(batch.view) ?? 0,
    });
    const sent = calls.map((call) => this.#send(call));
    // Also for rows that were skipped: what made them old is newer still.
    const asOfMs = greatestOf(batch);
    if (asOfMs > (meta.greatestAsOfMs ?? Number.NEGATIVE_INFINITY)) {
      sent.push(this.#raise(asOfMs));
    }
    await allSettled(sent);
  }

  #adapt(): void {
    const { answerMs } = this.sender;
    const rows = this.#rowsPerScript;
    if (answerMs > answerMsMost) this.#rowsPerScript = Math.max(rowsLeast, Math.floor(rows * 0.7));
    else if (answerMs < answerMsLeast) {
      this.#rowsPerScript = Math.min(rowsMost, Math.ceil(rows * 1.1));
    }
  }

  #send({ script, marker, keys, args }: WriteCall): Promise<void> {
    const { markers } = this;
    let write = { number: 0, expected: 0 };
    return this.sender.send({
      script,
      keys: [marker, ...keys],
      args: () => {
        write = { number: markers.next(marker), expected: markers.acknowledged(marker) };
        return [`${write.number} ${write.expected}`, ...args];
      },
      done: (reply) => markers.taken(marker, write, Number((reply as readonly unknown[])[0])),
    });
  }

  async #raise(asOfMs: number): Promise<void> {
    const { meta } = this.#parts;
    await this.sender.send({
      script: raiseAsOf,
      keys: [meta.key],
      args: () => [String(asOfMs)],
      done: () => {
        meta.greatestAsOfMs = Math.max(meta.greatestAsOfMs ?? asOfMs, asOfMs);
      },
    });
  }

  /** Writes a note, however long that takes. Readers of it must know what was lost before. */
  async note(name: string, value: string): Promise<void> {
    await this.#persist(() => this.look());
    const some = this.markers.entries().slice(0, markersMax);
    const markers = JSON.stringify(Object.fromEntries(some));
    await this.#persist(() =>
      this.#parts.meta.set({
        [`note:${name}`]: value,
        [markersField]: markers,
        ...(this.#isLost ? { [refillField]: '1' } : {}),
      }),
    );
  }

  async #onMarkers(script: RedisScript): Promise<void> {
    const { link, context } = this.#parts;
    const single = markerKey(scopeOf(context.project, context.variant));
    const keys = link.isCluster ? this.markers.entries().map(([key]) => key) : [single];
    await Promise.all(keys.map((key) => evaluate(link, script, [key], [])));
  }

  /** Whether the servers still have what they acknowledged. */
  async look(): Promise<void> {
    const { link } = this.#parts;
    const looks = this.markers.entries().map(async ([key, expected]) => {
      const seen = markerNumber(await link.send(key, ['GET', key]));
      this.markers.observed(key, seen, expected);
    });
    await Promise.all(looks);
  }

  async #persist(task: () => Promise<void>): Promise<void> {
    const { clock } = this.#parts;
    for (let pauseMs = 20; ; pauseMs = Math.min(1000, pauseMs * 2)) {
      try {
        return await task();
      } catch (error) {
        if (troubleOf(error) === null || this.sender.hasGivenUp) throw error;
        await clock.sleep(pauseMs);
      }
    }
  }

  readonly loss: StoreLoss = {
    hasLostRows: () => this.#isLost && this.#refilling === null,
    beginRefill: async (hasOldRows = false) => {
      const { meta } = this.#parts;
      this.#refilling = { losses: this.markers.losses };
      await this.#persist(async () => {
        await meta.writeAgain();
        await meta.set({ [refillField]: '1' });
        if (hasOldRows || this.#isLost) await this.#onMarkers(soilMarker);
      });
    },
    refilled: async () => {
      const { meta } = this.#parts;
      const isWhole = this.#refilling?.losses === this.markers.losses;
      this.#refilling = null;
      if (!isWhole) return false;
      this.#isLost = false;
      await this.#persist(() => this.#onMarkers(cleanMarker));
      await this.#persist(() => meta.remove(refillField));
      return true;
    },
  };

  giveUp(): void {
    this.sender.giveUp();
    this.#parts.link.close();
  }
}

/** Milliseconds after which rows of a view expire; hashes that views share live as long as the longest. */
function expiriesOf(
  { views, expiresAfterMs = {} }: StoreContext,
  isShared: boolean,
): ReadonlyMap<string, number> {
  const own = (view: string): number => Math.ceil(expiresAfterMs[view] ?? 0);
  const entityOf = ({ key }: StoredView): string =>
    key
      .map(({ name }) => name)
      .toSorted()
      .join();
  return new Map(
    views.map((view) => {
      if (!isShared) return [view.view, own(view.view)] as const;
      const shared = views.filter((other) => entityOf(other) === entityOf(view));
      const longest = shared.map((other) => own(other.view));
      return [view.view, longest.includes(0) ? 0 : Math.max(...longest)] as const;
    }),
  );
}

function parseMarkers(text: string | null): Readonly<Record<string, number>> {
  return text === null ? {} : (JSON.parse(text) as Record<string, number>);
}

function greatestOf({ asOfMs, rowCount }: VectorBatch): number {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rowCount; i++) greatest = Math.max(greatest, asOfMs[i] as number);
  return greatest;
}

/** The first error once every one has settled. */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(promises);
  await Promise.all(promises);
}

function ignore(): void {
  // Nobody listens.
}
