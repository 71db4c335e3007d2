// A checkpoint storage on which things go wrong: slow, failing, failing after the work was done,
// and dying half way so that a damaged object stays. What goes wrong is decided call by call, by a
// script or by a seed, so that a run can be repeated.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Random } from '../../kernel/random.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';

export type StorageOperation = Exclude<keyof CheckpointStorage, 'description'>;

export type StorageFault =
  /** Takes `ms` longer, and then works. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Nothing happens, and the call rejects. */
  | { readonly kind: 'fail' }
  /** It happens, and the call rejects all the same: the answer was lost. */
  | { readonly kind: 'lost' }
  /** The call rejects after a part of the bytes came to lie there as if they were all. */
  | { readonly kind: 'torn'; readonly part: number };

export interface FaultyStorageOptions {
  readonly clock: Clock;
  /** What goes wrong with this call; null: nothing. */
  readonly next: (operation: StorageOperation, name: string) => StorageFault | null;
}

/** `inner` with faults. */
export function faultyCheckpointStorage(
  inner: CheckpointStorage,
  { clock, next }: FaultyStorageOptions,
): CheckpointStorage {
  const run = async <T>(
    [operation, name]: readonly [StorageOperation, string],
    action: () => Promise<T>,
    tear?: (part: number) => Promise<unknown>,
  ): Promise<T> => {
    const fault = next(operation, name);
    if (fault?.kind === 'slow') await clock.sleep(fault.ms);
    if (fault === null || fault.kind === 'slow') return action();
    if (fault.kind === 'lost') await action();
    if (fault.kind === 'torn') await tear?.(fault.part);
    throw failure(operation, name, fault.kind);
  };
  const cut = async (name: string, part: number): Promise<void> => {
    const whole = await inner.read(name);
    if (whole !== null) await inner.write(name, head(whole.bytes, part));
  };

  return {
    description: inner.description,
    list: (prefix) => run(['list', prefix], () => inner.list(prefix)),
    read: (name) => run(['read', name], () => inner.read(name)),
    write: (name, bytes, condition) =>
      run(
        ['write', name],
        () => inner.write(name, bytes, condition),
        (part) => inner.write(name, head(bytes, part), condition),
      ),
    writeFrom: (name, path) =>
      run(
        ['writeFrom', name],
        () => inner.writeFrom(name, path),
        async (part) => {
          await inner.writeFrom(name, path);
          await cut(name, part);
        },
      ),
    readTo: (name, path) => run(['readTo', name], () => inner.readTo(name, path)),
    copy: (from, to) =>
      run(
        ['copy', to],
        () => inner.copy(from, to),
        async (part) => {
          await inner.copy(from, to);
          await cut(to, part);
        },
      ),
    remove: (names) =>
      run(
        ['remove', names[0] ?? ''],
        () => inner.remove(names),
        (part) => inner.remove(names.slice(0, Math.ceil(names.length * part))),
      ),
  };
}

/** How often each fault happens, 0 to 1; they are tried in this order. */
export interface FaultRates {
  readonly fail?: number;
  readonly lost?: number;
  readonly torn?: number;
  readonly slow?: number;
  /** A slow call takes up to so long. Default 60 s. */
  readonly slowMsMax?: number;
}

/** Faults by a seed: the same calls in the same order have the same ones. */
export function randomFaults(random: Random, rates: FaultRates): FaultyStorageOptions['next'] {
  const { fail = 0, lost = 0, torn = 0, slow = 0, slowMsMax = 60_000 } = rates;
  return () => {
    const dice = random.next();
    const part = random.next();
    if (dice < fail) return { kind: 'fail' };
    if (dice < fail + lost) return { kind: 'lost' };
    if (dice < fail + lost + torn) return { kind: 'torn', part };
    if (dice < fail + lost + torn + slow) return { kind: 'slow', ms: part * slowMsMax };
    return null;
  };
}

function head(bytes: Uint8Array, part: number): Uint8Array {
  return bytes.subarray(0, Math.floor(bytes.length * part));
}

function failure(operation: StorageOperation, name: string, kind: string): MillraceError {
  return new MillraceError('MR_CHECKPOINT_STORAGE', `${operation} of "${name}" failed (${kind})`, {
    context: { path: name },
    fix: 'none: a test made it fail',
  });
}
