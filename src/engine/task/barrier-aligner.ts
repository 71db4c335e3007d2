// Which subtasks may be read while a barrier is on its way. A subtask that has shown the marker is
// held back until all have; then what came out before the barrier is separate from what came after
// it on every path to the sinks. One barrier at a time; markers of one that was given up are nothing.

export class BarrierAligner {
  readonly #shown: Set<number> = new Set();
  readonly #subtaskCount: number;
  #id: number | null = null;

  constructor(subtaskCount: number) {
    this.#subtaskCount = subtaskCount;
  }

  /** A barrier was sent to all subtasks. */
  begin(id: number): void {
    this.#id = id;
    this.#shown.clear();
  }

  /** A subtask's output reached a marker; true when it was the last one: all are held back now. */
  markerSeen(subtask: number, id: number): boolean {
    if (id !== this.#id) return false;
    this.#shown.add(subtask);
    return this.#shown.size === this.#subtaskCount;
  }

  mayRead(subtask: number): boolean {
    return !this.#shown.has(subtask);
  }

  /** What follows the barrier may be read; also when it is given up. */
  resume(): void {
    this.#id = null;
    this.#shown.clear();
  }
}
