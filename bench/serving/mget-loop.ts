// What the store itself gives: rows as the server reads them, by MGET in as many loops as the server
// has connections, with the same client, and nothing done with the answers.
import { RESP_TYPES, createClient } from 'redis';
import { itemCount, packedWideRows } from '../../test/integration/redis/wide-view.ts';

export interface MgetLoopOptions {
  readonly rowCount: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Rows per second of loops that ask for `rowCount` rows at a time. */
export async function mgetRowsPerSecond(url: string, options: MgetLoopOptions): Promise<number> {
  const client = createClient({ url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await client.connect();
  const keys = Array.from({ length: itemCount }, (_, item) => `bare:${item}`);
  const rows = packedWideRows();
  await Promise.all(keys.map((key, item) => client.set(key, Buffer.from(rows[item] ?? []))));
  const endMs = performance.now() + options.seconds * 1000;
  let read = 0;
  const loop = async (first: number): Promise<void> => {
    for (let n = first; performance.now() < endMs; n++) {
      const asked = Array.from(
        { length: options.rowCount },
        (_, i) => keys[(n * 7919 + i * 37) % itemCount] as string,
      );
      read += (await client.mGet(asked)).length;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: options.connections }, (_, i) => loop(i)));
  const perSecond = Math.round((read / (performance.now() - startMs)) * 1000);
  client.destroy();
  return perSecond;
}
