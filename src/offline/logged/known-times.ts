// From when a row of a log may be used by training sets that only know what had arrived. A row
// arrives with the record that caused it. A view that waits for the watermark gives rows in event
// time, so a row also holds records that are less than the bound of disorder older and arrived after
// the one that caused it: then the latest of these arrivals counts.

export class KnownTimes {
  readonly #boundMs: number;
  /** Per key as_of (ascending) and arrival (descending) of the rows whose arrival may still be the latest. */
  readonly #recent: (number[] | undefined)[] = [];

  /** `boundMs`: 0 for a view whose rows come out on arrival. */
  constructor(boundMs: number) {
    this.#boundMs = boundMs;
  }

  /** Rows of a key come by ascending `as_of`. */
  of(slot: number, asOfMs: number, arrivalMs: number): number {
    if (this.#boundMs === 0) return Math.max(asOfMs, arrivalMs);
    const recent = (this.#recent[slot] ??= []);
    while (recent.length > 0 && (recent.at(-1) as number) <= arrivalMs) recent.length -= 2;
    recent.push(asOfMs, arrivalMs);
    let left = 0;
    while ((recent[left] as number) < asOfMs - this.#boundMs) left += 2;
    if (left > 0) recent.splice(0, left);
    return Math.max(asOfMs, recent[1] as number);
  }
}
