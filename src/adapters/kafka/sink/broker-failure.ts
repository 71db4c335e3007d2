// What a failed request to a broker means for whoever writes: ask again, shut out by another process, or
// an end with an error that says what to do.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { brokerCodes, kafkaError } from '../client/kafka-error.ts';

const again: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'THROTTLING_QUOTA_EXCEEDED',
]);

const shutOut: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
]);

export type FailureKind = 'again' | 'shutOut' | 'final';

/** `codes`: of the part that is meant, when a request had several. Without codes it was the network. */
export function failureKind(error: unknown, codes = brokerCodes(error)): FailureKind {
  if (codes.some((code) => shutOut.has(code))) return 'shutOut';
  if (codes.length > 0) return codes.every((code) => again.has(code)) ? 'again' : 'final';
  if (error instanceof MillraceError) {
    return error.code === 'MR_KAFKA_UNREACHABLE' ? 'again' : 'final';
  }
  return isNetwork(error) ? 'again' : 'final';
}

/** Timeouts and broken connections. */
function isNetwork(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'PLT_KFK_NETWORK' || code === 'PLT_KFK_TIMEOUT';
}

/** An error for people; `what` was to be done. */
export function writeError(
  error: unknown,
  what: string,
  brokers: readonly string[],
  codes = brokerCodes(error),
): MillraceError {
  if (error instanceof MillraceError) return error;
  if (codes.some((code) => shutOut.has(code))) {
    return new MillraceError('MR_KAFKA_FENCED', `cannot ${what}: another process writes now`, {
      fix: 'let only one run; two jobs need different names of project, environment or `--as`',
      cause: error,
    });
  }
  if (codes.includes('MESSAGE_TOO_LARGE') || codes.includes('RECORD_LIST_TOO_LARGE')) {
    const message = `cannot ${what}: the broker takes no record of that size`;
    return new MillraceError('MR_KAFKA_TOO_LARGE', message, {
      fix: "raise the topic's max.message.bytes, or make the row smaller",
      cause: error,
    });
  }
  return kafkaError(error, { what, brokers });
}
