// What belongs to no single key, as bytes: watermark, order counter, counters, and the rows that wait
// for the watermark, with their keys. Heads of several subtasks can be read into one operator: each
// takes the rows of its own keys, and the least watermark, so that no timer of any key is left out.
import type { StateReader } from '../../state/bytes/state-reader.ts';
import type { StateWriter } from '../../state/bytes/state-writer.ts';
import type { ReadHeadOptions } from '../../state/residence.ts';
import type { ImageOwner, OperatorHead } from './image-owner.ts';

/** Rows whose keys are touched ahead together. */
const blockRows = 256;

export function writeHead(owner: ImageOwner, to: StateWriter): void {
  const { parts, admission, waiting } = owner;
  const { store, keys, builder } = parts;
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
  to.varint(store.length);
  for (let row = 0; row < store.length; row++) {
    if (row % blockRows === 0) touch(owner, row);
    const slot = store.slot[row] as number;
    to.bytes(keys.data, keys.bounds[slot * 2], keys.bounds[slot * 2 + 1]);
    const section = to.beginSection();
    store.writeRow(row, to);
    to.endSection(section);
  }
}

/** Reads what rows from `first` on need of their keys, so that the processor waits for memory once. */
function touch({ parts }: ImageOwner, first: number): void {
  const { store, keys } = parts;
  const end = Math.min(store.length, first + blockRows);
  let touched = 0;
  for (let row = first; row < end; row++) {
    touched += keys.bounds[(store.slot[row] as number) * 2] as number;
  }
  for (let row = first; row < end; row++) {
    const start = keys.bounds[(store.slot[row] as number) * 2] as number;
    touched += keys.data[start] as number;
  }
  keys.touched = touched;
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
  for (let left = from.count(); left > 0; left--) readRow(owner, from, options);
}

function readRow(owner: ImageOwner, from: StateReader, { ownsKey }: ReadHeadOptions): void {
  const { parts, waiting } = owner;
  const { store, keys, states } = parts;
  const keyStart = from.skipBytes();
  const keyEnd = from.at;
  const end = from.sectionEnd();
  if (!ownsKey(from.data, keyStart, keyEnd)) {
    from.at = end;
    return;
  }
  const slot = keys.findOrInsert(from.data, keyStart, keyEnd);
  owner.ensureSlots();
  const row = store.readRow(slot, from);
  from.expectEnd(end, 'a waiting row');
  if (store.isApplied[row] === 1) states.addApplied(slot, 1);
  else states.addWaiting(slot, 1);
  waiting.push(row);
}
