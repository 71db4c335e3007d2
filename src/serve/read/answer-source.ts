// Where the rows of an answer came from, when the store has several places: counted, and the worst of
// them is what the answer is marked with. Of other stores there is nothing to say, and nothing is done.
import { originOf, type RowOrigin, worstOrigin } from '../../ports/stores/read-origin.ts';
import type { ServeMetrics } from './serve-metrics.ts';

type Rows = readonly (Uint8Array | null)[];

/** Header of answers of a region. */
export const sourceHeader = 'x-feature-source';

/** Null when no store said where its rows came from. */
export function sourceOf(
  views: readonly { readonly rows: Rows }[],
  { source, replicaAge }: Pick<ServeMetrics, 'source' | 'replicaAge'>,
): RowOrigin | null {
  let worst: RowOrigin | null = null;
  for (const { rows } of views) {
    const origin = originOf(rows);
    if (origin === null) continue;
    for (const row of origin.rows) source(row).value += 1;
    if (origin.replicaAgeMs !== null) replicaAge().value = origin.replicaAgeMs;
    const own = worstOrigin(origin.rows);
    worst = worst === null ? own : worstOrigin([worst, own]);
  }
  return worst;
}
