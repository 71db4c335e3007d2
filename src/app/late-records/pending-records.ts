// Which records the features of a view may lack: those that came late, and those that were replayed,
// which come after their time too. Their keys, and the earliest instant that they change.
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { type StreamNode, type ViewNode, streamOf } from '../../plan/plan.ts';
import { hasPlainKey } from '../../offline/recompute-keys.ts';
import type { SetAsideRecords } from '../../ports/set-aside.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { recordReader } from '../dead-letters/stream-records.ts';
import { storedLateRecords } from './stored-late.ts';

export interface PendingRecords {
  /** Ids of what is still to be applied. */
  readonly ids: readonly string[];
  readonly late: number;
  readonly replayed: number;
  /** Encoded keys as latin1 text; null: all keys, since some records are not known one by one. */
  readonly keys: ReadonlySet<string> | null;
  /** Least event time of them. */
  readonly fromMs: number;
}

/** `isAgain`: also what was applied before. */
export async function pendingRecords(
  project: ResolvedProject,
  view: ViewNode,
  records: SetAsideRecords,
  isAgain: boolean,
): Promise<PendingRecords> {
  const stream = streamOf(project.plan, view);
  const found = new Collected(view, stream);
  for await (const record of storedLateRecords(records)) {
    if (record.view !== view.name || (record.state === 'applied' && !isAgain)) continue;
    if (record.is_sample) found.isSample = true;
    found.late++;
    found.add(record.id, found.rowOf(record.row), Date.parse(record.event_time));
  }
  const read = recordReader(project, stream.name);
  const applied = new Set<string>();
  const replays = new Map<string, string>();
  for await (const note of records.notes()) {
    if (note.kind === 'applied' && note.view === view.name) applied.add(note.id);
    if (note.kind === 'replay') replays.set(`${note.id}.${note.attempt}`, note.event_base64);
  }
  for (const [id, event] of replays) {
    if (applied.has(id) && !isAgain) continue;
    const result = await read(Buffer.from(event, 'base64'));
    if ('problem' in result) continue;
    found.replayed++;
    found.add(id, result.row, Number(result.row[stream.eventTime.field]));
  }
  return found.result;
}

class Collected {
  late = 0;
  replayed = 0;
  isSample = false;
  readonly #view: ViewNode;
  readonly #stream: StreamNode;
  readonly #ids: string[] = [];
  readonly #keys = new Set<string>();
  #fromMs = Number.POSITIVE_INFINITY;

  constructor(view: ViewNode, stream: StreamNode) {
    this.#view = view;
    this.#stream = stream;
  }

  add(id: string, row: Readonly<Record<string, Value>>, eventTimeMs: number): void {
    this.#ids.push(id);
    this.#fromMs = Math.min(this.#fromMs, eventTimeMs);
    if (!hasPlainKey(this.#view)) return;
    const names = this.#view.key.map(({ value }) => (value.kind === 'column' ? value.name : ''));
    const key = Object.fromEntries(
      this.#view.key.map(({ name }, i) => [name, row[names[i] ?? ''] ?? null]),
    );
    const fields: readonly Field[] = this.#view.key;
    this.#keys.add(Buffer.from(encodeKey(fields, key)).toString('latin1'));
  }

  /** A row as late records keep it: int64 as text, bytes as base64. */
  rowOf(row: Readonly<Record<string, unknown>>): Record<string, Value> {
    const values: Record<string, Value> = {};
    for (const { name, type } of this.#stream.fields) {
      const value = row[name] ?? null;
      const isText = typeof value === 'string';
      if (type.kind === 'int64' && isText) values[name] = BigInt(value);
      else if (type.kind === 'bytes' && isText) values[name] = Buffer.from(value, 'base64');
      else values[name] = value as Value;
    }
    return values;
  }

  get result(): PendingRecords {
    const hasKeys = hasPlainKey(this.#view) && !this.isSample;
    return {
      ids: this.#ids,
      late: this.late,
      replayed: this.replayed,
      keys: hasKeys ? this.#keys : null,
      // Of a sample the earliest is not known: what was left out may be older.
      fromMs: this.isSample ? Number.NEGATIVE_INFINITY : this.#fromMs,
    };
  }
}
