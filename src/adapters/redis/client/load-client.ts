// The client library is an optional peer: it is loaded when a store is opened, not before, so that
// definitions can be checked and planned without it.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** What the client library exports. */
export type RedisClient = typeof import('redis');

/** The client library. Throws MR_CONFIG_INVALID when it is not installed. */
export async function loadClient(): Promise<RedisClient> {
  try {
    return await import('redis');
  } catch (cause) {
    throw new MillraceError('MR_CONFIG_INVALID', 'Redis needs the package redis', {
      cause,
      fix: 'npm install redis@6.3.1',
    });
  }
}
