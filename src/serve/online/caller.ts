// Who asks, and what may be read and written by whoever asks.
import { RequestFailure } from './request-failure.ts';

/** What the caller of a request may do. */
export interface Caller {
  /** Empty where nobody has to say who it is. */
  readonly name: string;
  mayRead(view: string): boolean;
  mayWrite(view: string): boolean;
}

/** Where everybody may do everything. */
export const anybody: Caller = { name: '', mayRead: () => true, mayWrite: () => true };

/** Throws RequestFailure (403) unless the caller may read the view. */
export function checkRead(caller: Caller, view: string): void {
  if (!caller.mayRead(view)) throw refused(caller, 'read', view);
}

/** Throws RequestFailure (403) unless the caller may write to the view. */
export function checkWrite(caller: Caller, view: string): void {
  if (!caller.mayWrite(view)) throw refused(caller, 'write to', view);
}

function refused({ name }: Caller, verb: string, view: string): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_DENIED',
    status: 403,
    message: `"${name}" may not ${verb} view "${view}"`,
    where: `view ${view}`,
    fix: 'add the view to the grant of this token',
  });
}
