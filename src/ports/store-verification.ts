// What a store says of the keys that it really has, for whoever wonders what lies there.

/** A look at a store: facts of the server, and some keys of each view. */
export interface StoreInspection {
  /** Of the server and of the job's notes, by name. */
  readonly facts: Readonly<Record<string, string>>;
  readonly keys: readonly InspectedKey[];
  readonly problems: readonly string[];
}

/** One key as it lies in the store. */
export interface InspectedKey {
  readonly view: string;
  /** As the store names it; bytes that are no text as `\xNN`. */
  readonly name: string;
  /** How the name is put together. */
  readonly explanation: string;
  /** The encoded entity key; null when the name is none. */
  readonly key: Uint8Array | null;
  /** Null when what lies there is no row of the view. */
  readonly row: Uint8Array | null;
  readonly bytes: number;
  /** Milliseconds until it expires; null: never. */
  readonly expiresInMs: number | null;
  /** What is wrong with it; null: nothing. */
  readonly problem: string | null;
}
