// What an S3 server said no with, in words: what is wrong and what to do about it.
import { MillraceError, type MillraceErrorOptions } from '../../kernel/errors/millrace-error.ts';
import type { S3Location } from './s3-location.ts';
import { textOfTag } from './s3-xml.ts';

/** An answer that was read whole. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** S3's own name for what went wrong, such as `NoSuchKey`; empty when it gave none. */
export function s3CodeOf({ body }: S3Answer): string {
  return textOfTag(new TextDecoder().decode(body.subarray(0, 4096)), 'Code') ?? '';
}

/** Whether asking again can help. */
export function isPassing(answer: S3Answer): boolean {
  const { status } = answer;
  if (status === 409) return s3CodeOf(answer) === 'ConditionalRequestConflict';
  return (status >= 500 && status !== 501) || status === 429 || status === 408;
}

/** The error for an answer that is neither a success nor expected. */
export function s3Error(location: S3Location, key: string, answer: S3Answer): MillraceError {
  const code = s3CodeOf(answer);
  const where = `${location.description}, object "${key}"`;
  const options = { context: { path: key, status: answer.status, s3: code } };
  const denied = (what: string, fix: string): MillraceError =>
    new MillraceError('MR_CHECKPOINT_ACCESS', what, { ...options, fix });
  switch (code) {
    case 'NoSuchBucket':
      return denied(
        `there is no bucket "${location.bucket}" (${location.description})`,
        'make the bucket, or correct its name or the endpoint',
      );
    case 'RequestTimeTooSkewed':
      return denied(
        `the clock of this machine is too far off for S3, whose time is ${serverTime(answer)}`,
        "set this machine's clock (NTP)",
      );
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'InvalidToken':
      return denied(
        `S3 refuses the keys (${code}) for ${where}`,
        'correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN',
      );
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
    case 'IllegalLocationConstraintException':
      return denied(
        `bucket "${location.bucket}" is not in region ${location.region}`,
        `set the region: ${answer.headers.get('x-amz-bucket-region') ?? 'AWS_REGION'}`,
      );
    case 'QuotaExceeded':
    case 'XMinioStorageFull':
      return new MillraceError('MR_CHECKPOINT_FULL', `there is no room in ${where}`, {
        ...options,
        fix: 'free space; earlier checkpoints are intact',
      });
    default:
      return byStatus(where, answer, options);
  }
}

function byStatus(where: string, answer: S3Answer, options: MillraceErrorOptions): MillraceError {
  const said = `S3 answered ${answer.status} ${s3CodeOf(answer)}`.trim();
  if (answer.status === 401 || answer.status === 403) {
    return new MillraceError('MR_CHECKPOINT_ACCESS', `${said} for ${where}`, {
      ...options,
      fix: 'allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket for these keys',
    });
  }
  if (answer.status === 501) return unconditional(where, options);
  return new MillraceError('MR_CHECKPOINT_STORAGE', `${said} for ${where}`, {
    ...options,
    fix: 'look at the state of the server; it is tried again',
  });
}

/** A server that does not check conditions could let two processes run one job. */
export function unconditional(where: string, options: MillraceErrorOptions = {}): MillraceError {
  return new MillraceError(
    'MR_CHECKPOINT_ACCESS',
    `${where} does no conditional writes (If-Match, If-None-Match), which keep processes apart`,
    { ...options, fix: 'use AWS S3 or a newer version of the server' },
  );
}

function serverTime(answer: S3Answer): string {
  return answer.headers.get('date') ?? 'unknown';
}
