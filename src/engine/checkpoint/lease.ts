// The lease of a job, as decisions: who may take it, and how long its owner may believe in it. Every
// change of the record is a conditional write on the version last seen, so there is never more than
// one owner in storage. Wall clocks of two hosts are never compared to take a lease from somebody:
// it is taken when its record has not changed for its whole duration by one's own monotonic clock,
// and an owner stops believing in it after the same time without a renewal.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What `lock.json` says. */
export interface LeaseRecord {
  readonly format: 1;
  readonly job: string;
  readonly state: 'held' | 'released';
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  readonly place: string | null;
  /** Grows by one with every owner. */
  readonly generation: number;
  /** What an owner went on from, which makes later checkpoints of earlier owners void. */
  readonly fence: LeaseFence | null;
  /** Makes every version of the record different. */
  readonly renewals: number;
  readonly renewedAtMs: number;
  readonly expiresAtMs: number;
}

/** Which checkpoints do not count although they are whole: the job went on from an older one. */
export interface LeaseFence {
  /** Of the owner that went on from `restoredId` (0: from nothing). */
  readonly generation: number;
  readonly restoredId: number;
  /** The greatest id that was there then; later ones are this owner's. */
  readonly greatestId: number;
  /** Those up to `restoredId` that count, by id and generation. */
  readonly kept?: readonly (readonly [id: number, generation: number])[];
}

/** A version of the record, since when (monotonic) it has been seen unchanged. */
export interface LeaseWatch {
  readonly etag: string;
  readonly sinceMs: number;
}

export interface AcquireInput {
  readonly found: { readonly record: LeaseRecord; readonly etag: string } | null;
  readonly self: ProcessIdentity;
  readonly watch: LeaseWatch | null;
  readonly nowMs: number;
  readonly monotonicMs: number;
}

export type AcquireDecision =
  /** Nobody has it: write a record of the generation after `found`. */
  | { readonly kind: 'take' }
  /** It is ours already: an earlier write succeeded and its answer was lost. */
  | { readonly kind: 'mine' }
  /** It may be dead: look again. */
  | { readonly kind: 'wait'; readonly forMs: number; readonly watch: LeaseWatch }
  | { readonly kind: 'refuse'; readonly error: MillraceError };

/** Looks at a lease are at least so many per duration. */
const looksPerLease = 6;

export function decideAcquire(input: AcquireInput): AcquireDecision {
  const { found, self, watch, nowMs, monotonicMs } = input;
  if (found === null || found.record.state === 'released') return { kind: 'take' };
  const { record, etag } = found;
  if (record.owner === self.owner) return { kind: 'mine' };
  const isNeighbour = record.place !== null && record.place === self.place;
  // Another owner with our own number is an earlier process that had it.
  if (isNeighbour && (record.pid === self.pid || !self.isAlive(record.pid))) {
    return { kind: 'take' };
  }
  const durationMs = record.expiresAtMs - record.renewedAtMs;
  const leftMs = record.expiresAtMs - nowMs;
  const isRenewed = watch !== null && watch.etag !== etag;
  // More time left than a lease lasts: the clocks differ, so its times say nothing.
  if (isRenewed || (watch === null && leftMs > 0 && leftMs <= durationMs)) {
    return { kind: 'refuse', error: inUse(record, nowMs) };
  }
  const since = watch ?? { etag, sinceMs: monotonicMs };
  const waitMs = since.sinceMs + durationMs - monotonicMs;
  if (waitMs <= 0) return { kind: 'take' };
  return { kind: 'wait', forMs: Math.min(waitMs, durationMs / looksPerLease), watch: since };
}

/** When the owner last sent a renewal that succeeded, by both clocks, and the time now. */
export interface HoldInput {
  readonly renewedMs: { readonly monotonic: number; readonly wall: number };
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly durationMs: number;
}

export type HoldDecision =
  | { readonly kind: 'rest'; readonly forMs: number }
  | { readonly kind: 'renew' }
  /** Somebody else may have it: nothing may be committed before a renewal succeeds. */
  | { readonly kind: 'doubt' };

/** Renewals are due after this part of the duration. */
const renewalsPerLease = 3;

export function decideHold({
  renewedMs,
  monotonicMs,
  wallMs,
  durationMs,
}: HoldInput): HoldDecision {
  // A machine that slept shows it on the wall clock only; a wall clock set back says nothing.
  const ageMs = Math.max(monotonicMs - renewedMs.monotonic, wallMs - renewedMs.wall);
  if (ageMs >= durationMs) return { kind: 'doubt' };
  const restMs = durationMs / renewalsPerLease - ageMs;
  return restMs > 0 ? { kind: 'rest', forMs: restMs } : { kind: 'renew' };
}

/** Whether the job went on from an older checkpoint than this one, without it. */
export function isVoid(
  manifest: { readonly id: number; readonly generation: number },
  fence: LeaseFence | null,
): boolean {
  if (fence === null) return false;
  if (manifest.id <= fence.restoredId) {
    const { id, generation } = manifest;
    return !(fence.kept?.some((kept) => kept[0] === id && kept[1] === generation) ?? true);
  }
  return manifest.generation < fence.generation || manifest.id <= fence.greatestId;
}

export function fenced(job: string, newOwner: LeaseRecord | null): MillraceError {
  const by = newOwner === null ? 'its lock was removed' : `${describe(newOwner)} has taken it over`;
  return new MillraceError('MR_FENCED', `job "${job}" is no longer this process's: ${by}`, {
    context: { job, host: newOwner?.host, pid: newOwner?.pid },
    fix: 'start it once only; if this one stalled, look for long pauses or an unreachable storage',
  });
}

function inUse(record: LeaseRecord, nowMs: number): MillraceError {
  const ageS = Math.max(0, Math.round((nowMs - record.renewedAtMs) / 1000));
  const { job, owner, host, pid } = record;
  return new MillraceError(
    'MR_CHECKPOINT_IN_USE',
    `job "${job}" is run by ${describe(record)}, last seen ${ageS} s ago`,
    {
      context: { job, owner, host, pid, ageS },
      fix: 'stop that process, or start this one again when its lease has run out',
    },
  );
}

function describe({ owner, host, pid, generation }: LeaseRecord): string {
  return `process ${pid} on ${host} (owner ${owner}, generation ${generation})`;
}
