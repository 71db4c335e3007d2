// Who may read and write what: bearer tokens with the views that each of them opens. Only digests of
// tokens are kept, and a request's token is looked up by its digest, so that neither memory nor timing
// gives one away.
import { hash } from 'node:crypto';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../../kernel/nearest-name.ts';
import { type Caller, anybody } from '../../online/caller.ts';
import { RequestFailure } from '../../online/request-failure.ts';

/** A token and what it opens. */
export interface TokenGrant {
  /** Who has the token, for the access log. */
  readonly name: string;
  readonly token: string;
  /** Views that may be read; absent: all. */
  readonly views?: readonly string[];
  /** Views that may be written by push; absent: none. */
  readonly writes?: readonly string[] | 'all';
}

/** Finds out who calls. */
export interface Access {
  /** Throws RequestFailure (401) for a missing or unknown token. */
  callerOf(authorization: string | undefined): Caller;
}

const tokenLengthLeast = 16;

/** No tokens: everybody who reaches the server may do everything. */
export const openAccess: Access = { callerOf: () => anybody };

/** Only those with a token. Throws MR_SERVE_TOKENS for grants that cannot be meant. */
export function createAccess(grants: readonly TokenGrant[], views: readonly string[]): Access {
  const callers = new Map<string, Caller>();
  for (const grant of grants) {
    checkGrant(grant, views);
    const digest = digestOf(grant.token);
    if (callers.has(digest)) throw wrongGrant(grant, 'has the token of another one');
    callers.set(digest, callerWith(grant));
  }
  return {
    callerOf(authorization) {
      const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
      const caller = token === undefined ? undefined : callers.get(digestOf(token));
      if (caller !== undefined) return caller;
      throw new RequestFailure({
        code: 'MR_SERVE_TOKEN',
        status: 401,
        message: token === undefined ? 'the request has no bearer token' : 'the token is not known',
        where: 'header authorization',
        fix: 'send authorization: Bearer <token>',
      });
    },
  };
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

function callerWith({ name, views, writes = [] }: TokenGrant): Caller {
  const readable = views === undefined ? null : new Set(views);
  const writable = writes === 'all' ? null : new Set(writes);
  return {
    name,
    mayRead: (view) => readable === null || readable.has(view),
    mayWrite: (view) => writable === null || writable.has(view),
  };
}

function checkGrant(grant: TokenGrant, known: readonly string[]): void {
  if (grant.token.length < tokenLengthLeast) {
    throw wrongGrant(grant, `has a token of fewer than ${tokenLengthLeast} characters`);
  }
  const named = [...(grant.views ?? []), ...(grant.writes === 'all' ? [] : (grant.writes ?? []))];
  const unknown = named.find((view) => !known.includes(view));
  if (unknown === undefined) return;
  throw wrongGrant(
    grant,
    `names a view "${unknown}" that does not exist`,
    suggestName(unknown, known),
  );
}

function wrongGrant({ name }: TokenGrant, why: string, fix = 'write another token'): MillraceError {
  return new MillraceError('MR_SERVE_TOKENS', `the grant of "${name}" ${why}`, { fix });
}
