// What is left of a job outside of it: the feature log's files, the online store, the files of dead
// letters and late records. They outlive every process; a process reaches them only by operations.

/** One row in the log: the key and all but the arrival, as text. */
export interface LoggedRow {
  readonly view: string;
  readonly key: string;
  readonly text: string;
}

export interface StoredRow {
  readonly asOfMs: number;
  readonly seq: number;
  readonly text: string;
}

/** Rows that were prepared for a checkpoint. */
export interface LogFile {
  readonly epoch: number;
  readonly rows: readonly LoggedRow[];
}

/** Files of the feature log: hidden until their epoch is committed, visible for ever after. */
export class LogFolder {
  readonly hidden = new Map<string, LogFile>();
  /** By the name that the file had before; in the order of becoming visible. */
  readonly visible = new Map<string, LogFile>();
  readonly problems: string[] = [];

  /** Gives hidden files their visible names; those that have them already stay. */
  show(names: readonly string[], by: string): void {
    for (const name of names) {
      const file = this.hidden.get(name);
      if (file === undefined && !this.visible.has(name)) {
        this.problems.push(`${by} commits ${name}, which is gone`);
      }
      if (file !== undefined) this.visible.set(name, file);
      this.hidden.delete(name);
    }
  }

  /** Shows what belongs to a restored checkpoint; drops what was shown or prepared after it. */
  goBackTo(epoch: number, names: readonly string[], by: string): void {
    for (const [name, file] of this.visible) {
      if (file.epoch > epoch) this.visible.delete(name);
    }
    this.show(names, by);
    this.hidden.clear();
  }

  get rows(): readonly LoggedRow[] {
    return [...this.visible.values()].flatMap(({ rows }) => rows);
  }
}

/** The online store: the newest version per view and key, visible at once. */
export class StoreTable {
  readonly rows = new Map<string, StoredRow>();

  put(view: string, key: string, row: StoredRow): void {
    const id = `${view} ${key}`;
    const stored = this.rows.get(id);
    if (stored === undefined || isNewer(row, stored)) this.rows.set(id, row);
  }
}

export function isNewer(row: StoredRow, than: StoredRow): boolean {
  if (row.asOfMs !== than.asOfMs) return row.asOfMs > than.asOfMs;
  return row.seq > than.seq;
}

/**
 * A file that is appended to, line by line, and cut back when a job goes back. Only the process that
 * cut it last is heard: one that lost the job while it stood still does append to a real file until
 * it notices, which no checkpoint can undo.
 */
export class RecordFile {
  readonly lines: string[] = [];
  #owner = '';

  append(lines: readonly string[], by: string): void {
    if (by === this.#owner) this.lines.push(...lines);
  }

  cutTo(length: number, by: string): void {
    this.#owner = by;
    this.lines.length = length;
  }
}

export class SimOutputs {
  readonly log = new LogFolder();
  readonly store = new StoreTable();
  readonly letters = new RecordFile();
  readonly late = new RecordFile();
}
