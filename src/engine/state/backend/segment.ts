// One segment: where its records are and which of them count. A record counts ("is live") from when
// it was written until a newer image of its key was, or the key was forgotten; it never lives again.

const offsetsInitial = 1024;

export class Segment {
  readonly id: number;
  readonly name: string;
  /** The snapshot that lists it first has this number or a greater one. */
  readonly epoch: number;
  count = 0;
  liveCount = 0;
  liveBytes = 0;
  /** Of the whole file; final once sealed. */
  fileBytes = 0;
  isSealed = false;
  /** It was in a snapshot that somebody took: its file stays until it is released. */
  isListed = false;
  /** Numbers of views in records → views of this process; null when they are the same. */
  viewNumbers: Uint8Array | null = null;
  /** `count + 1` positions of records. */
  offsets: Uint32Array;
  /** One bit per record. */
  live: Uint8Array;

  constructor(id: number, name: string, epoch: number) {
    this.id = id;
    this.name = name;
    this.epoch = epoch;
    this.offsets = new Uint32Array(offsetsInitial);
    this.live = new Uint8Array(offsetsInitial / 8);
  }

  /** Begins with records at this position. */
  startAt(position: number): void {
    this.offsets[0] = position;
  }

  /** Takes over the table of a sealed segment; nothing in it is live yet. */
  load(offsets: Uint32Array, count: number, fileBytes: number): void {
    this.offsets = offsets;
    this.count = count;
    this.live = new Uint8Array((count + 7) >> 3);
    this.fileBytes = fileBytes;
    this.isSealed = true;
    this.isListed = true;
  }

  /** The number of a new, live record that ends at `end`. */
  add(end: number): number {
    const ordinal = this.count;
    if (ordinal + 2 > this.offsets.length) this.#grow();
    this.offsets[ordinal + 1] = end;
    this.count += 1;
    this.revive(ordinal);
    return ordinal;
  }

  /** Makes a record count; only while a segment is written or restored. */
  revive(ordinal: number): void {
    this.live[ordinal >> 3] = (this.live[ordinal >> 3] as number) | (1 << (ordinal & 7));
    this.liveCount += 1;
    this.liveBytes += this.lengthOf(ordinal);
  }

  kill(ordinal: number): void {
    if (!this.isLive(ordinal)) throw new Error(`record ${ordinal} of ${this.name} died twice`);
    this.live[ordinal >> 3] = (this.live[ordinal >> 3] as number) & ~(1 << (ordinal & 7));
    this.liveCount -= 1;
    this.liveBytes -= this.lengthOf(ordinal);
  }

  isLive(ordinal: number): boolean {
    return ((this.live[ordinal >> 3] as number) & (1 << (ordinal & 7))) !== 0;
  }

  lengthOf(ordinal: number): number {
    return (this.offsets[ordinal + 1] as number) - (this.offsets[ordinal] as number);
  }

  /** Bytes of records, live or not. */
  get dataBytes(): number {
    return (this.offsets[this.count] as number) - (this.offsets[0] as number);
  }

  /** Memory in use. */
  get byteLength(): number {
    return this.offsets.byteLength + this.live.byteLength;
  }

  /** Gives back what was kept for more records. */
  trim(): void {
    this.offsets = this.offsets.slice(0, this.count + 1);
    this.live = this.live.slice(0, (this.count + 7) >> 3);
  }

  #grow(): void {
    const offsets = new Uint32Array(this.offsets.length * 2);
    offsets.set(this.offsets);
    this.offsets = offsets;
    const live = new Uint8Array(offsets.length / 8);
    live.set(this.live);
    this.live = live;
  }
}
