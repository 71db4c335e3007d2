// A copy of an online store in a region, with the centre behind it, as an environment names them.
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { type Duration, parseDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { OnlineStore, OnlineStoreBinding, StoreContext } from '../../ports/online-store.ts';
import { RegionalStore } from './regional-store.ts';
import { ReopenedStore } from './reopened-store.ts';

/** Options of `regional(…)`. */
export interface RegionalOptions {
  /** The copy nearby: `redis(…)`, or any online store. Filled by `millrace replicate`. */
  readonly local: OnlineStoreBinding;
  /** The centre that jobs write to: `postgres(…)`. */
  readonly central: OnlineStoreBinding;
  /** The copy answers alone while it was complete no longer ago than this. Default `'10s'`. */
  readonly freshFor?: Duration;
  /** How long a read waits for each of the two. Default `'100ms'`. */
  readonly deadline?: Duration;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
}

/** A region of an environment. */
export interface RegionalBinding extends OnlineStoreBinding {
  readonly kind: 'regional';
  readonly local: OnlineStoreBinding;
  readonly central: OnlineStoreBinding;
}

const names = ['local', 'central', 'freshFor', 'deadline', 'clock'];

/**
 * Binds the online store of a region: a copy nearby and the centre behind it.
 *
 * **Shape:** jobs write to the centre; `millrace replicate` carries changes to the copy; reads are of
 * the copy while it is fresh, and of the centre for rows that are stale or missing nearby.
 * **Guarantee:** a read waits at most twice the deadline; of two rows of a key the newer version is
 * given; what could not be confirmed in time is given and marked `stale` (header `x-feature-source`,
 * metric `feature_source_total`). **Time:** copy and readers compare their clocks. Errors:
 * MR_CONFIG_INVALID; MR_STORE_AWAY when neither answers.
 */
export function regional(options: RegionalOptions): RegionalBinding {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw wrong(`regional(…) has no option "${unknown}"`, suggestName(unknown, names));
  }
  const { local, central, clock = systemClock } = options;
  const freshForMs = durationOf('freshFor', options.freshFor ?? '10s');
  const deadlineMs = durationOf('deadline', options.deadline ?? '100ms');
  for (const [name, binding] of Object.entries({ local, central })) {
    if (typeof binding?.open !== 'function') {
      throw wrong(`regional(…) needs a store as \`${name}\``, regionalExample);
    }
  }
  return Object.freeze({
    kind: 'regional' as const,
    local,
    central,
    description: `region of ${central.description}, copied to ${local.description}`,
    problems: (views) => [local, central].flatMap((binding) => binding.problems?.(views) ?? []),
    open: (context) =>
      context.mode === 'write'
        ? central.open(context)
        : openRegion(options, context, { freshForMs, deadlineMs, clock }),
  } satisfies RegionalBinding);
}

interface Timing {
  readonly freshForMs: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** Either of the two is enough to begin with. */
async function openRegion(
  options: RegionalOptions,
  context: StoreContext,
  timing: Timing,
): Promise<OnlineStore> {
  const local = new ReopenedStore(() => options.local.open(context), timing.clock);
  const central = new ReopenedStore(() => options.central.open(context), timing.clock);
  const opened = Promise.all([local.tryOpen(), central.tryOpen()]);
  // Whoever is away takes its time; the other one does not wait long for it.
  const first = firstOpen(local, central).then(() => timing.clock.sleep(secondOpenMs));
  await Promise.race([opened, first]);
  if (local.opened !== null || central.opened !== null) {
    return new RegionalStore({ local, central, ...timing });
  }
  await Promise.all([local.close(), central.close()]);
  throw local.failure ?? central.failure ?? wrong('no store could be opened', regionalExample);
}

const secondOpenMs = 1000;

/** One of them is open, or neither can be opened. */
async function firstOpen(...stores: readonly ReopenedStore[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const tries = stores.map(async (store) => {
    await store.tryOpen();
    if (store.opened !== null) resolve();
  });
  void Promise.all(tries).then(() => resolve());
  await promise;
}

const regionalExample =
  "write regional({ local: redis('redis://localhost:6379'), central: postgres('postgres://…') })";

function durationOf(name: string, text: Duration): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  throw wrong(`${name} is ${JSON.stringify(text)}`, `write a duration, as in ${name}: '10s'`);
}

function wrong(message: string, fix: string): MillraceError {
  return new MillraceError('MR_CONFIG_INVALID', message, { fix });
}
