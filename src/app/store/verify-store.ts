// What really lies in the online store: some keys of each view, decoded and explained, and whatever is
// wrong with them, with the server or with the definitions that they were written by.
import { createRowReader } from '../../columns/packed-row-reader.ts';
import { asOfMsOf, eventTimeMsOf, seqOf } from '../../columns/packed-row.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { StoredView } from '../../ports/online-store.ts';
import type { InspectedKey } from '../../ports/store-verification.ts';
import { clockModeOf } from '../clock-mode.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { onlineBinding } from '../online-stores.ts';
import { storedViews } from '../stored-views.ts';

export interface VerifyOptions {
  /** Keys of each view. Default 5. */
  readonly keysPerView?: number;
  /** Only this view. */
  readonly view?: string;
}

export interface StoreVerification {
  readonly store: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly keys: readonly VerifiedKey[];
  readonly problems: readonly string[];
}

export interface VerifiedKey {
  readonly view: string;
  readonly key: string;
  readonly explanation: string;
  readonly entity: Readonly<Record<string, Value>> | null;
  readonly values: Readonly<Record<string, Value>> | null;
  readonly as_of: string | null;
  readonly event_time: string | null;
  readonly seq: number | null;
  readonly bytes: number;
  readonly expires_in_ms: number | null;
  readonly problem: string | null;
}

/** Throws MR_CONFIG_INVALID when the store of the environment cannot be looked at. */
export async function verifyStore(
  project: ResolvedProject,
  { keysPerView = 5, view }: VerifyOptions,
): Promise<StoreVerification> {
  const binding = onlineBinding(project);
  if (binding.inspect === undefined) {
    throw new MillraceError('MR_CONFIG_INVALID', `${binding.description} cannot be looked into`, {
      fix: 'use millrace export to see its rows; this is for stores on Redis',
    });
  }
  const views = storedViews(project.plan).filter(
    (each) => view === undefined || each.view === view,
  );
  const { facts, keys, problems } = await binding.inspect(
    {
      project: project.project,
      ...(project.variant === null ? {} : { variant: project.variant }),
      baseDirectory: project.baseDirectory,
      mode: 'read',
      views,
    },
    keysPerView,
  );
  const byName = new Map(views.map((each) => [each.view, each]));
  const expires = expiryCheck(project);
  const verified = keys.map((key) => {
    const defined = byName.get(key.view);
    return defined === undefined ? null : verifiedKey(defined, key, expires);
  });
  const known = verified.filter((key) => key !== null);
  const wrong = known.filter(({ problem }) => problem !== null);
  return {
    store: binding.description,
    facts,
    keys: known,
    problems: [...problems, ...wrong.map(({ key, problem }) => `${key}: ${problem}`)],
  };
}

type ExpiryCheck = (key: InspectedKey) => string | null;

/** Under a wall clock, rows of a view with a ttl expire, and no others do. */
function expiryCheck(project: ResolvedProject): ExpiryCheck {
  const isWall = clockModeOf(project) === 'wall';
  const ttls = new Map(project.plan.views.map(({ name, ttlMs }) => [name, ttlMs]));
  return ({ view, expiresInMs }) => {
    const ttlMs = ttls.get(view) ?? null;
    if (expiresInMs === null || (isWall && ttlMs !== null)) return null;
    return 'it expires, although its view has no ttl under this clock: it was written otherwise';
  };
}

function verifiedKey(
  { key: keyFields, features }: StoredView,
  inspected: InspectedKey,
  expires: ExpiryCheck,
): VerifiedKey {
  const { view, name, explanation, key, row, bytes, expiresInMs, problem } = inspected;
  const instant = (ms: number): string => new Date(ms).toISOString();
  return {
    view,
    key: name,
    explanation,
    entity: key === null ? null : decodeKey(keyFields, key),
    values: row === null ? null : createRowReader(features).values(row),
    as_of: row === null ? null : instant(asOfMsOf(row)),
    event_time: row === null ? null : instant(eventTimeMsOf(row)),
    seq: row === null ? null : seqOf(row),
    bytes,
    expires_in_ms: expiresInMs,
    problem: problem ?? expires(inspected),
  };
}
