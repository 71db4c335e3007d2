// What becomes of the state of a running job under a new plan, before the job is stopped: operators
// are kept when both plans have them, because an id stands for what the state is made of.
import type { FlinkStatefulOperator } from './stable-ids.ts';

/** What becomes of the operators with state of an older job. */
export interface FlinkStateComparison {
  readonly kept: readonly FlinkStatefulOperator[];
  /** Gone with the views or windows that they were for. */
  readonly dropped: readonly FlinkStatefulOperator[];
  /** For views or windows that are new. */
  readonly added: readonly FlinkStatefulOperator[];
  /** For features and windows that were there before, and begin empty all the same. */
  readonly lost: readonly FlinkStatefulOperator[];
}

export function compareStates(
  older: readonly FlinkStatefulOperator[],
  newer: readonly FlinkStatefulOperator[],
): FlinkStateComparison {
  const had = new Set(older.map(({ id }) => id));
  const has = new Set(newer.map(({ id }) => id));
  const gone = older.filter(({ id }) => !has.has(id));
  const begins = newer.filter(({ id }) => !had.has(id));
  const goneFor = new Set(gone.flatMap(places));
  const isLost = (operator: FlinkStatefulOperator): boolean =>
    places(operator).some((place) => goneFor.has(place));
  return {
    kept: newer.filter(({ id }) => had.has(id)),
    dropped: gone,
    added: begins.filter((operator) => !isLost(operator)),
    lost: begins.filter(isLost),
  };
}

/**
 * What an operator works for: its window group or table, and the features of that by view, which may
 * have had another window before. Columns up to `as_of` are the key and the times.
 */
function places({ owner }: FlinkStatefulOperator): readonly string[] {
  return [...owner.matchAll(/([^\s(]+)(?:\(([^)]*)\))?/g)].flatMap(
    ([, place = '', fields = '']) => {
      const view = place.split('__')[0] ?? place;
      const names = fields.split(', ');
      const features = names.slice(names.indexOf('as_of') + 1);
      return [place, ...features.filter((name) => name !== '').map((name) => `${view}.${name}`)];
    },
  );
}
