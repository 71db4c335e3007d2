// What belongs to no single key, as bytes: watermark, order counter, counters, and the rows that wait
// for the watermark, with their keys. Heads of several subtasks can be read into one operator: each
// takes the rows of its own keys, and the least watermark, so that no timer of any key is left out.
import type { StateReader } from '../../state/bytes/state-reader.ts';
import type { StateWriter } from '../../state/bytes/state-writer.ts';
import type { ReadHeadOptions } from '../../state/residence.ts';
import type { ImageOwner, OperatorHead } from './image-owner.ts';

export function writeHead(owner: ImageOwner, to: StateWriter): void {
  const { parts, admission, waiting } = owner;
  const { store, builder } = parts;
  waiting.compactStore();
  const { watermark, isEnding, recordsIn, failedRecords, firedTimers } = owner.head();
  to.f64(watermark);
  to.u8(isEnding ? 1 : 0);
  to.varint(store.nextOrder);
  to.varint(recordsIn);
  to.varint(failedRecords);
  to.varint(firedTimers);
  to.varint(builder.rowsOut);
  admission.late.write(to);
  writeKeys(owner, to);
  store.writeRows(to);
}

/** The keys of the rows, each once, and per row which one. */
function writeKeys({ parts }: ImageOwner, to: StateWriter): void {
  const { store, keys } = parts;
  const numberOf = new Int32Array(keys.slotCount).fill(-1);
  const numbers = new Int32Array(store.length);
  const slots: number[] = [];
  for (let row = 0; row < store.length; row++) {
    const slot = store.slot[row] as number;
    if ((numberOf[slot] as number) < 0) numberOf[slot] = slots.push(slot) - 1;
    numbers[row] = numberOf[slot] as number;
  }
  to.varint(slots.length);
  for (const slot of slots) {
    to.bytes(keys.data, keys.bounds[slot * 2], keys.bounds[slot * 2 + 1]);
  }
  to.varint(numbers.length);
  to.ints(numbers, numbers.length);
}

/** Reads a head; the rows that it has for this operator are appended to the store. */
export function readHead(owner: ImageOwner, from: StateReader, options: ReadHeadOptions): void {
  const { store, builder } = owner.parts;
  const { late } = owner.admission;
  const watermark = from.f64();
  const isEnding = from.u8() === 1;
  store.nextOrder = Math.max(store.nextOrder, from.varint());
  const counters = { recordsIn: from.varint(), failedRecords: from.varint() };
  const firedTimers = from.varint();
  const rowsOut = from.varint();
  late.read(from, options.takesCounters);
  if (options.takesCounters) builder.rowsOut += rowsOut;
  const share = options.takesCounters ? 1 : 0;
  const known = owner.head();
  const head: OperatorHead = {
    watermark: known.hasRead ? Math.min(known.watermark, watermark) : watermark,
    hasRead: true,
    isEnding: known.isEnding || isEnding,
    recordsIn: known.recordsIn + share * counters.recordsIn,
    failedRecords: known.failedRecords + share * counters.failedRecords,
    firedTimers: known.firedTimers + share * firedTimers,
  };
  owner.setHead(head);
  readRows(owner, from, options);
}

function readRows(owner: ImageOwner, from: StateReader, options: ReadHeadOptions): void {
  const { parts, waiting } = owner;
  const { store, states } = parts;
  const slotOf = readKeys(owner, from, options);
  const slots = from.ints(from.varint()).map((number) => slotOf[number] as number);
  owner.ensureSlots();
  for (let row = store.readRows(from, slots); row < store.length; row++) {
    const slot = store.slot[row] as number;
    if (store.isApplied[row] === 1) states.addApplied(slot, 1);
    else states.addWaiting(slot, 1);
    waiting.push(row);
  }
}

/** Per written key its slot; -1 when it belongs to others. */
function readKeys(
  { parts }: ImageOwner,
  from: StateReader,
  { ownsKey }: ReadHeadOptions,
): Int32Array {
  const slots = new Int32Array(from.count());
  for (let i = 0; i < slots.length; i++) {
    const start = from.skipBytes();
    const isOwn = ownsKey(from.data, start, from.at);
    slots[i] = isOwn ? parts.keys.findOrInsert(from.data, start, from.at) : -1;
  }
  return slots;
}
