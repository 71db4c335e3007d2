// How long a transaction may stay open. It has to be as long as a checkpoint may take, and no longer than
// the broker allows, which it says at the start.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { brokerCodes } from '../client/kafka-error.ts';
import type { ClusterCalls } from './cluster-calls.ts';

const limitName = 'transaction.max.timeout.ms';
const brokerResource = 4 as const;
const slackMs = 60_000;

/** Of a job with these checkpoints: from one to the next, until it is complete, and a minute. */
export function transactionTimeoutMs(checkpoints: {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}): number {
  return checkpoints.intervalMs + checkpoints.timeoutMs + slackMs;
}

/** Whether the broker allows no transaction of that length. */
export function isTimeoutRefused(error: unknown): boolean {
  return brokerCodes(error).includes('INVALID_TRANSACTION_TIMEOUT');
}

export async function timeoutError(
  calls: ClusterCalls,
  timeoutMs: number,
  cause: unknown,
): Promise<MillraceError> {
  const limitMs = await brokerLimitMs(calls).catch(() => null);
  const allowed = limitMs === null ? 'fewer' : `${limitMs}`;
  const message = `transactions may be open for ${timeoutMs} ms (interval + timeout of checkpoints + 1 minute), and the broker allows ${allowed}`;
  return new MillraceError('MR_KAFKA_TRANSACTION_TIMEOUT', message, {
    fix: `make checkpoints.timeout shorter, or raise ${limitName} of the brokers`,
    cause,
  });
}

/** What a broker is configured to allow; not everybody may ask. */
async function brokerLimitMs(calls: ClusterCalls): Promise<number | null> {
  const { brokers } = await calls.metadata([]);
  const [node] = brokers.keys();
  if (node === undefined) return null;
  const { api } = calls.client.describeConfigsV4;
  const asked = {
    resourceType: brokerResource,
    resourceName: String(node),
    configurationKeys: [limitName],
  };
  const answer = await api.async(await calls.connection(node), [asked], false, false);
  const value = Number(answer.results[0]?.configs[0]?.value);
  return Number.isFinite(value) ? value : null;
}
