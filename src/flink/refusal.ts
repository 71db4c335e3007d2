// What Flink cannot compute is refused with the place, the reason and what to write instead; nothing
// is approximated. A refused part still gives text, so that all refusals are found in one go.

/** Something of a plan that cannot be said in Flink SQL. */
export interface Refusal {
  /** Where, as in `user_spend.features.p95_24h`. */
  readonly path: string;
  readonly reason: string;
  readonly alternative: string;
}

/** Where a part of the compiler says what cannot be said. */
export interface RefusalScope {
  refuse(reason: string, alternative: string): void;
}

/** A scope that adds to a list, at one place. */
export function refusalsAt(path: string, into: Refusal[]): RefusalScope {
  return {
    refuse: (reason, alternative) => {
      const isKnown = into.some((known) => known.path === path && known.reason === reason);
      if (!isKnown) into.push({ path, reason, alternative });
    },
  };
}

/** Stands where something was refused; programs with refusals are never given out. */
export const refusedSql = 'NULL';
