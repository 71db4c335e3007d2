// What brokers and the client library report, as errors of ours. The classifier looks through every
// cause and every collected error, and cannot throw.
import type { ErrorCode } from '../../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** What was done, for the message, and where. */
export interface KafkaAttempt {
  /** As in `read topic raw.purchases`. */
  readonly what: string;
  readonly brokers: readonly string[];
}

interface Known {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
}

const tlsCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

/** Whatever was thrown, as an error of ours. */
export function kafkaError(error: unknown, attempt: KafkaAttempt): MillraceError {
  if (error instanceof MillraceError) return error;
  const found = [...errorsWithin(error)];
  const { code, message, fix } = classify(found, attempt);
  const [first] = found;
  const reason =
    found.findLast(({ message: text }) => text !== '')?.message ?? first?.message ?? '';
  const text = `cannot ${attempt.what}: ${message}${reason === '' ? '' : ` (${reason})`}`;
  return new MillraceError(code, text, { cause: error, fix });
}

/** What a broker answered: the names of its error codes, from every depth. */
export function brokerCodes(error: unknown): readonly string[] {
  return [...errorsWithin(error)].flatMap(({ apiId }) => (apiId === undefined ? [] : [apiId]));
}

interface Found {
  readonly message: string;
  readonly code: string;
  /** The broker's error by its name. */
  readonly apiId: string | undefined;
}

function* errorsWithin(error: unknown, depth = 0): Generator<Found> {
  if (typeof error !== 'object' || error === null || depth > 8) return;
  const { message, code, apiId, cause, errors } = error as Readonly<Record<string, unknown>>;
  yield {
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'string' ? code : '',
    apiId: typeof apiId === 'string' ? apiId : undefined,
  };
  if (Array.isArray(errors)) for (const inner of errors) yield* errorsWithin(inner, depth + 1);
  yield* errorsWithin(cause, depth + 1);
}

function classify(found: readonly Found[], { brokers }: KafkaAttempt): Known {
  const ids = found.flatMap(({ apiId }) => (apiId === undefined ? [] : [apiId]));
  const denied = ids.find((id) => id.endsWith('AUTHORIZATION_FAILED'));
  if (denied !== undefined) return deniedError(denied);
  if (isLogin(found, ids)) {
    return {
      code: 'MR_KAFKA_LOGIN',
      message: 'the broker does not accept who we say we are',
      fix: 'correct `sasl`: mechanism, username, password or token',
    };
  }
  if (isTls(found)) {
    return {
      code: 'MR_KAFKA_TLS',
      message: 'no encrypted connection came about',
      fix: 'set `tls` for a listener with TLS and leave it out for one without; give `tls.ca` the authority',
    };
  }
  if (ids.includes('UNKNOWN_TOPIC_OR_PARTITION') || ids.includes('UNKNOWN_TOPIC_ID')) {
    return {
      code: 'MR_KAFKA_TOPIC_UNKNOWN',
      message: 'there is no such topic',
      fix: 'create the topic, or correct its name',
    };
  }
  if (ids.length > 0) {
    return { code: 'MR_KAFKA_FAILED', message: ids.join(', '), fix: 'look into the broker’s log' };
  }
  return {
    code: 'MR_KAFKA_UNREACHABLE',
    message: `no broker answers at ${brokers.join(', ')}`,
    fix: 'start the broker or correct `brokers`; a listener with TLS or SASL needs `tls` or `sasl`',
  };
}

function deniedError(id: string): Known {
  const what = id
    .replace(/_?AUTHORIZATION_FAILED$/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
  return {
    code: 'MR_KAFKA_DENIED',
    message: `the broker gives no permission (${what})`,
    fix: 'let an administrator add the ACL: READ and DESCRIBE of the topic, READ of the group',
  };
}

function isLogin(found: readonly Found[], ids: readonly string[]): boolean {
  const codes = ['SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE'];
  return (
    ids.some((id) => codes.includes(id)) || found.some((e) => e.code === 'PLT_KFK_AUTHENTICATION')
  );
}

function isTls(found: readonly Found[]): boolean {
  return found.some(({ code, message }) => tlsCodes.has(code) || /\bTLS\b/.test(message));
}
