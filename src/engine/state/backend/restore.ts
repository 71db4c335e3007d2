// Takes over snapshots of any number of subtasks: of each, the records that its head lists and whose
// key groups are owned here. In memory mode all keys are read; in disk mode only the tables at the
// ends of the segments, and keys when they are wanted.
import { hashBytes } from '../../../kernel/hash.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { KeyGroupRange } from '../../../kernel/key-group.ts';
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts';
import { StateReader } from '../bytes/state-reader.ts';
import { StateWriter } from '../bytes/state-writer.ts';
import type { ImageTranslation } from '../residence.ts';
import { type ColdKeys, emptyKeyTimes, isWithin } from './cold-keys.ts';
import type { SegmentTable } from './segment-format.ts';
import { readSnapshotHead } from './snapshot-head.ts';
import type { SegmentLog } from './segment-log.ts';
import type { Segment } from './segment.ts';
import type { ViewBackend } from './view-backend.ts';

const runBytesMax = 1 << 20;
/** Records whose places in the index are touched ahead together. */
const blockRecords = 256;

/** By uid of the view. Each call makes another one. */
export type Translations = ReadonlyMap<string, () => ImageTranslation>;

export interface RestoreOptions {
  readonly log: SegmentLog;
  readonly views: readonly ViewBackend[];
  readonly keyGroups: KeyGroupRange;
  readonly translations: Translations;
}

/** Views of a part: those whose images can be read as they are, and those that are translated. */
interface PartViews {
  readonly plain: ReadonlySet<ViewBackend>;
  readonly changed: ReadonlyMap<ViewBackend, () => ImageTranslation>;
}

interface Adopted {
  readonly segment: Segment;
  readonly table: SegmentTable;
  readonly viewOf: readonly (ViewBackend | null)[];
}

/** Restores the parts into views that hold nothing yet. */
export function restoreParts(parts: readonly SubtaskSnapshot[], options: RestoreOptions): void {
  const adopted = new Map<string, Adopted>();
  const heads = parts.map((part) => {
    const head = readSnapshotHead(options.log.files, part.head.name);
    const views = restorableViews(part, options);
    for (const { name, live } of head.segments) {
      const known = adopted.get(name) ?? adopt(name, options);
      adopted.set(name, known);
      reviveOwn(known, live, { views: views.plain, keyGroups: options.keyGroups });
    }
    return { part, head, views };
  });
  for (const known of adopted.values()) {
    readKeys(known, options.log);
  }
  for (const { head, views } of heads) {
    for (const { name, live } of head.segments) {
      translateOwn(adopted.get(name) as Adopted, live, views.changed, options);
    }
  }
  for (const { part, head, views } of heads) readHeads({ part, views }, head.heads, options);
}

/** Views that the part has; those that are gone, or that the part leaves out, are not read. */
function restorableViews(
  part: SubtaskSnapshot,
  { views, translations }: RestoreOptions,
): PartViews {
  const plain = new Set<ViewBackend>();
  const changed = new Map<ViewBackend, () => ImageTranslation>();
  for (const { uid, schema } of part.views) {
    const view = views.find((candidate) => candidate.uid === uid);
    if (view === undefined) continue;
    const isSame = JSON.stringify(schema) === JSON.stringify(view.images.schema);
    const translation = translations.get(uid);
    if (isSame) plain.add(view);
    else if (translation !== undefined) changed.set(view, translation);
    else {
      throw new MillraceError(
        'MR_STATE_SCHEMA',
        `the stored state of view "${uid}" belongs to another definition of it`,
        {
          context: { operatorUid: uid },
          fix: 'restore with the definition that wrote it, or begin without the state of this view',
        },
      );
    }
  }
  return { plain, changed };
}

function adopt(name: string, { log, views }: RestoreOptions): Adopted {
  const { segment, table } = log.adopt(name);
  const viewOf = Array.from({ length: 256 }, (_, number) => {
    return views[segment.viewNumbers?.[number] ?? number] ?? null;
  });
  return { segment, table, viewOf };
}

/** Makes those records of a segment count that the part lists and that belong here. */
function reviveOwn(
  { segment, table, viewOf }: Adopted,
  live: Uint8Array,
  own: { readonly views: ReadonlySet<ViewBackend>; readonly keyGroups: KeyGroupRange },
): void {
  for (const view of new Set(viewOf)) {
    if (view === null || !own.views.has(view)) continue;
    const block = new Uint32Array(blockRecords);
    let count = 0;
    for (let ordinal = 0; ordinal < table.count; ordinal++) {
      if (((live[ordinal >> 3] as number) & (1 << (ordinal & 7))) === 0) continue;
      if (viewOf[table.views[ordinal] as number] !== view) continue;
      if (!isWithin(table.hashes[ordinal] as number, own.keyGroups)) continue;
      segment.revive(ordinal);
      if (view.cold === null) continue;
      block[count++] = ordinal;
      if (count === blockRecords) count = store(view.cold, { segment, table }, block, count);
    }
    if (view.cold !== null) store(view.cold, { segment, table }, block, count);
  }
}

const hashes = new Uint32Array(blockRecords);
const times = emptyKeyTimes();

/** Puts records into the index of stored keys; 0. */
function store(
  cold: ColdKeys,
  { segment, table }: { readonly segment: Segment; readonly table: SegmentTable },
  ordinals: Uint32Array,
  count: number,
): number {
  for (let i = 0; i < count; i++) hashes[i] = table.hashes[ordinals[i] as number] as number;
  cold.index.touch(hashes, count);
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[i] as number;
    times.wakeMs = table.wakes[ordinal] as number;
    times.idleWakeMs = table.idleWakes[ordinal] as number;
    cold.add(hashes[i] as number, segment.id, ordinal, times);
  }
  return 0;
}

/** Takes in the keys of views whose definition has changed; their old records never count here. */
function translateOwn(
  { segment, table, viewOf }: Adopted,
  live: Uint8Array,
  changed: PartViews['changed'],
  { log, keyGroups }: RestoreOptions,
): void {
  if (changed.size === 0) return;
  const made = new Map([...changed].map(([view, make]) => [view, make()]));
  for (let ordinal = 0; ordinal < table.count; ordinal++) {
    if (((live[ordinal >> 3] as number) & (1 << (ordinal & 7))) === 0) continue;
    if (!isWithin(table.hashes[ordinal] as number, keyGroups)) continue;
    const view = viewOf[table.views[ordinal] as number] as ViewBackend | null;
    const translation = view === null ? undefined : made.get(view);
    if (view === null || translation === undefined) continue;
    log.readRun(segment.id, ordinal, ordinal);
    log.check(segment.id, ordinal, log.recordAt);
    view.insertTranslated(log.recordAt, translation);
  }
}

/** Memory mode: reads the keys of all records that count. */
function readKeys({ segment, table, viewOf }: Adopted, log: SegmentLog): void {
  const isMemory = viewOf.some((view) => view !== null && view.cold === null);
  if (!isMemory) return;
  const { offsets } = segment;
  for (let first = nextLive(segment, 0); first < segment.count; ) {
    let last = first;
    const from = offsets[first] as number;
    for (
      let next = nextLive(segment, first + 1);
      next < segment.count && (offsets[next + 1] as number) - from <= runBytesMax;
      next = nextLive(segment, next + 1)
    ) {
      last = next;
    }
    log.readRun(segment.id, first, last);
    for (let ordinal = first; ordinal <= last; ordinal = nextLive(segment, ordinal + 1)) {
      const at = log.recordAt + (offsets[ordinal] as number) - from;
      log.check(segment.id, ordinal, at);
      const view = viewOf[table.views[ordinal] as number] as ViewBackend;
      view.insert(at, segment.id, ordinal);
    }
    first = nextLive(segment, last + 1);
  }
}

function nextLive(segment: Segment, from: number): number {
  let ordinal = from;
  while (ordinal < segment.count && !segment.isLive(ordinal)) ordinal += 1;
  return ordinal;
}

function readHeads(
  { part, views }: { part: SubtaskSnapshot; views: PartViews },
  heads: ReadonlyMap<string, Uint8Array>,
  { keyGroups }: RestoreOptions,
): void {
  const ownsKey = (data: Uint8Array, start: number, end: number): boolean =>
    isWithin(hashBytes(data, start, end), keyGroups);
  const { first } = part.keyGroups;
  const takesCounters = keyGroups.first <= first && first < keyGroups.end;
  for (const view of [...views.plain, ...views.changed.keys()]) {
    const bytes = heads.get(view.uid);
    if (bytes === undefined) continue;
    const translation = views.changed.get(view);
    const head = translation === undefined ? bytes : translatedHead(bytes, translation());
    view.images.readHead(new StateReader(head), { ownsKey, takesCounters });
  }
}

function translatedHead(head: Uint8Array, translation: ImageTranslation): Uint8Array {
  const translated = new StateWriter();
  translation.translateHead(new StateReader(head), translated);
  return translated.toBytes();
}
