// Which views are not to be written yet: while topics are read from their beginning, a merged row has the
// newest of some groups and not of others, and must not replace a row that is whole. A view is held until
// its partitions have come to where they ended when they were opened.

/** Told by sources how far they are, asked by whoever writes. */
export class CatchUp {
  readonly #views = new Map<string, ViewCatchUp>();

  /** The partitions of a view are opened, again after a failure. */
  begin(view: string): ViewCatchUp {
    const known = this.of(view);
    known.clear();
    return known;
  }

  isHeld(view: string): boolean {
    return this.#views.get(view)?.isHeld ?? false;
  }

  /** Rows of the view were held back when a checkpoint was taken: they are owed still. */
  hold(view: string): void {
    this.of(view).hold();
  }

  /** The state of one view. */
  of(view: string): ViewCatchUp {
    const known = this.#views.get(view) ?? new ViewCatchUp();
    this.#views.set(view, known);
    return known;
  }
}

/** Of one view. */
export class ViewCatchUp {
  readonly #goals = new Map<string, number>();
  #isAsked = false;

  clear(): void {
    this.#goals.clear();
    this.#isAsked = false;
  }

  hold(): void {
    this.#isAsked = true;
  }

  /** A partition that ends at `end` is read from `position` on. */
  expect(split: string, position: number, end: number): void {
    if (position < end) this.#goals.set(split, end);
  }

  /** Everything before `position` has gone to the views. */
  reached(split: string, position: number): void {
    const goal = this.#goals.get(split);
    if (goal !== undefined && position >= goal) this.#goals.delete(split);
  }

  get isHeld(): boolean {
    return this.#isAsked && this.#goals.size > 0;
  }
}
