// What a binding says of itself when this version knows its options but cannot use it yet. `check`
// reports it; whoever opens the binding gets the same words as an error. Nothing pretends.

/** Carried by bindings that cannot be opened in this version. */
export interface Unavailable {
  readonly unavailable: {
    /** What cannot be done, naming the thing: `this version cannot read Kafka yet`. */
    readonly message: string;
    /** What to use instead. */
    readonly fix: string;
  };
}
