// One partition as a split. Fetched pieces wait in a short queue, which is the backpressure: while it
// is full nothing is fetched. Rows of a piece are decoded where they lie; the position behind a read
// is behind everything before it, records that were passed over included.
import type { RecordError, RecordOrigin } from '../../../ports/dead-letter-sink.ts';
import type { MessageDecoder } from '../../../ports/format.ts';
import type { SourceSplit, SplitRead } from '../../../ports/source.ts';
import type { FetchedPiece, RecordSet } from './record-set.ts';

/** Where a later run goes on. `topicId` tells a topic that was created again. */
export type KafkaPosition = {
  readonly offset: number;
  /** Of the newest batch read; −1 before there was one. */
  readonly leaderEpoch: number;
  readonly topicId: string;
};

export interface PartitionSplitOptions {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly start: { readonly offset: number; readonly leaderEpoch: number };
  /** Reading ends before this offset; null: never. */
  readonly until: number | null;
  readonly decoder: MessageDecoder;
  readonly records: RecordSet;
  /** Called when there is room in the queue again. */
  readonly onRoom: () => void;
  readonly onClose: () => Promise<void>;
}

/** Pieces beyond this are not fetched before others were read. */
const queuedBytesMax = 2 << 20;

export class PartitionSplit implements SourceSplit {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  /** The node to fetch from, as the cluster said last; −1: nobody knows. */
  leader = -1;
  leaderEpoch = -1;
  /** The next offset to fetch. */
  fetchOffset: number;
  /** Where to go on is being looked for. */
  isParked = false;
  readonly #options: PartitionSplitOptions;
  readonly #queue: FetchedPiece[] = [];
  #queuedBytes = 0;
  /** The next message of the record set. */
  #from = 0;
  #position: number;
  #positionEpoch: number;
  #isPositionTold = true;
  #failure: unknown = null;
  #isClosed = false;
  #arrival = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: PartitionSplitOptions) {
    const { topic, partition, topicId, start } = options;
    this.id = `${topic}-${partition}`;
    this.topic = topic;
    this.partition = partition;
    this.topicId = topicId;
    this.fetchOffset = start.offset;
    this.#position = start.offset;
    this.#positionEpoch = start.leaderEpoch;
    this.#options = options;
  }

  get position(): KafkaPosition {
    return { offset: this.#position, leaderEpoch: this.#positionEpoch, topicId: this.topicId };
  }

  /** More may be fetched. */
  get hasRoom(): boolean {
    const { until } = this.#options;
    if (this.#isClosed || this.isParked || this.#failure !== null) return false;
    const isOver = until !== null && this.fetchOffset >= until;
    return !isOver && this.#queuedBytes < queuedBytesMax;
  }

  /** Takes what was fetched; it ends before `nextOffset`. */
  push(piece: FetchedPiece, nextOffset: number): void {
    this.#queue.push(piece);
    this.#queuedBytes += piece.bytes.length;
    this.fetchOffset = nextOffset;
    this.#arrived();
  }

  /** Goes on from another offset, where nothing that was asked for is left. */
  jump(offset: number): void {
    this.fetchOffset = offset;
    if (this.#queue.length === 0 && this.#options.records.isOver) this.#advance(offset);
    this.#arrived();
  }

  /** Reads end with this error, once what was fetched before it has been read. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#arrived();
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const { records } = this.#options;
    for (;;) {
      if (this.#isClosed) return { kind: 'empty' };
      if (this.#isAtEnd) return { kind: 'end', position: this.position };
      if (this.#from < records.count) {
        const read = await this.#decode(rowCountMax);
        if (read !== null) return read;
      } else if (!records.isOver) this.#readMore(rowCountMax);
      else if (!this.#takePiece()) {
        if (!this.#isPositionTold) return this.#positionOnly();
        if (this.#failure !== null) throw this.#failure;
        await this.#arrival.promise;
      }
    }
  }

  get #isAtEnd(): boolean {
    const { until } = this.#options;
    return until !== null && this.#position >= until;
  }

  #readMore(rowCountMax: number): void {
    const { records, until } = this.#options;
    records.read(rowCountMax);
    this.#from = 0;
    if (until !== null && records.count > 0) records.count = records.indexOf(until);
    if (records.count === 0) this.#advance(records.nextOffset);
  }

  #takePiece(): boolean {
    const piece = this.#queue.shift();
    if (piece === undefined) return false;
    const hadRoom = this.hasRoom;
    this.#queuedBytes -= piece.bytes.length;
    this.#options.records.begin(piece);
    if (!hadRoom && this.hasRoom) this.#options.onRoom();
    return true;
  }

  /** Rows and errors of the next messages; null when the decoder had to wait first. */
  async #decode(rowCountMax: number): Promise<SplitRead | null> {
    const { records, decoder } = this.#options;
    const { bytes, bounds, offsets } = records;
    const from = this.#from;
    const count = Math.min(records.count, from + rowCountMax);
    const result = decoder.decode({ bytes, bounds, offsets, from, count });
    this.#from += result.consumed;
    if (result.consumed === 0 && result.waitFor !== undefined) {
      await Promise.race([result.waitFor, this.#closed.promise]);
      return null;
    }
    const isLast = this.#from >= records.count;
    this.#advance(isLast ? records.nextOffset : (offsets[this.#from] as number));
    this.#isPositionTold = true;
    const errors = result.errors.map((error) => withOrigin(error, this.originOf(error.offset)));
    return { kind: 'rows', batch: result.batch, errors, position: this.position };
  }

  /** Nothing but the position has changed: aborted transactions and markers were passed over. */
  #positionOnly(): SplitRead {
    this.#isPositionTold = true;
    const { decoder, records } = this.#options;
    const { bytes, bounds, offsets } = records;
    const { batch } = decoder.decode({ bytes, bounds, offsets, from: 0, count: 0 });
    return { kind: 'rows', batch, errors: [], position: this.position };
  }

  originOf(offset: number): RecordOrigin | null {
    const { records, topic, partition } = this.#options;
    const origin = records.originOf(offset);
    return origin === null ? null : { topic, partition, ...origin };
  }

  #advance(offset: number): void {
    if (offset <= this.#position) return;
    this.#position = offset;
    if (this.#options.records.leaderEpoch >= 0) {
      this.#positionEpoch = this.#options.records.leaderEpoch;
    }
    this.#isPositionTold = false;
  }

  #arrived(): void {
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers<void>();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed.resolve();
    this.#arrived();
    await this.#options.onClose();
  }
}

function withOrigin(error: RecordError, origin: RecordOrigin | null): RecordError {
  return origin === null ? error : { ...error, origin };
}
