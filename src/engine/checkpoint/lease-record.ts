// `lock.json` as bytes. One that cannot be read is never taken for a free one.
import type { JsonValue } from '../../kernel/json-value.ts';
import { corrupt } from './manifest-codec.ts';
import type { LeaseRecord } from './lease.ts';

export function encodeLease(record: LeaseRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`);
}

/** Throws MR_CHECKPOINT_CORRUPT naming the file. */
export function decodeLease(name: string, bytes: Uint8Array): LeaseRecord {
  let record: JsonValue;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes)) as JsonValue;
  } catch {
    throw unreadable(name);
  }
  if (!isLease(record)) throw unreadable(name);
  return record;
}

function isLease(value: unknown): value is LeaseRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Readonly<Record<string, unknown>>;
  const numbers = ['pid', 'generation', 'renewals', 'renewedAtMs', 'expiresAtMs'];
  const texts = ['job', 'state', 'owner', 'host'];
  return (
    record['format'] === 1 &&
    numbers.every((name) => Number.isFinite(record[name])) &&
    texts.every((name) => typeof record[name] === 'string')
  );
}

function unreadable(name: string): Error {
  return corrupt(name, 'make sure that no process runs this job, then delete that file');
}
