// The client library is an optional peer: it is loaded when a topic is opened, not before, so that
// definitions can be checked and planned without it.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** What the client library exports. */
export type KafkaClient = typeof import('@platformatic/kafka');

/** The client library. Throws MR_CONFIG_INVALID when it is not installed. */
export async function loadClient(): Promise<KafkaClient> {
  try {
    return await import('@platformatic/kafka');
  } catch (cause) {
    throw new MillraceError('MR_CONFIG_INVALID', 'Kafka needs the package @platformatic/kafka', {
      cause,
      fix: 'npm install @platformatic/kafka@2.12.1',
    });
  }
}
