// Walking keys, removing them, and calling a script once: for whatever is not the hot path.
import type { Argument, RedisLink, ReplyText } from '../client/redis-link.ts';
import { messageOf } from '../client/redis-errors.ts';
import type { RedisScript } from '../store/scripts.ts';

const keysPerPage = 1000;

/** Names of keys that match, page by page, of all servers; one may come twice. */
export async function* scanKeys(link: RedisLink, pattern: string): AsyncIterable<string[]> {
  for (const send of await link.servers()) {
    let cursor = '0';
    do {
      const args = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(keysPerPage)];
      const [next, keys] = (await send(args)) as [string, string[]];
      cursor = next;
      if (keys.length > 0) yield keys;
    } while (cursor !== '0');
  }
}

/** The same for names that are no text. */
export async function* scanKeyBytes(link: RedisLink, pattern: Buffer): AsyncIterable<Buffer[]> {
  for (const send of await link.servers()) {
    let cursor: Argument = '0';
    do {
      const args: Argument[] = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(keysPerPage)];
      const [next, keys] = (await send(args, 'bytes')) as [Buffer, Buffer[]];
      cursor = next.toString();
      if (keys.length > 0) yield keys;
    } while (cursor !== '0');
  }
}

/** Removes keys; those of a cluster one by one, because they lie in many slots. */
export async function removeKeys(link: RedisLink, keys: readonly Argument[]): Promise<void> {
  if (keys.length === 0) return;
  if (!link.isCluster) await link.send(keys[0] as Argument, ['UNLINK', ...keys]);
  else await Promise.all(keys.map((key) => link.send(key, ['UNLINK', key])));
}

/** Calls a script once; fails when there is no connection. */
export async function evaluate(
  link: RedisLink,
  script: RedisScript,
  keys: readonly Argument[],
  ...[args, reply = 'text']: readonly [args: readonly Argument[], reply?: ReplyText]
): Promise<unknown> {
  const [key = ''] = keys;
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await link.send(key, ['EVALSHA', script.sha, ...rest], reply);
  } catch (error) {
    if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
    return link.send(key, ['EVAL', script.text, ...rest], reply);
  }
}
