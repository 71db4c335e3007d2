// A request that cannot be answered: what we say, and what Feast says in its place. Feast's shape is
// used where its SDK reads it (`asFeast`), and everywhere in strict mode.
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

/** An HTTP answer: a status and the value of its JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface FailureParts {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  /** Where in the request: `features[2]`, `entities.user_id[0]`. */
  readonly where: string;
  readonly fix?: string;
  readonly feast?: Answer;
  /** True where Feast's answer is what clients read in any mode. */
  readonly asFeast?: boolean;
}

export class RequestFailure extends MillraceError {
  readonly status: number;
  readonly feast: Answer | null;
  readonly asFeast: boolean;

  constructor(parts: FailureParts) {
    super(parts.code, parts.message, {
      context: { path: parts.where },
      ...(parts.fix === undefined ? {} : { fix: parts.fix }),
    });
    this.status = parts.status;
    this.feast = parts.feast ?? null;
    this.asFeast = parts.asFeast ?? false;
  }
}

/** The answer to send for any error. */
export function answerTo(error: unknown, strict: boolean): Answer {
  if (error instanceof RequestFailure && error.feast !== null && (strict || error.asFeast)) {
    return error.feast;
  }
  if (!(error instanceof MillraceError)) {
    return { status: 500, body: { code: 'MR_INTERNAL', message: 'the server failed', where: '' } };
  }
  const { code, message, fix, context } = error;
  return {
    status: error instanceof RequestFailure ? error.status : statusOf(error),
    body: { code, message, where: context.path ?? '', ...(fix === undefined ? {} : { fix }) },
  };
}

/** What the caller's values are to blame for. */
const wrongRequests: readonly ErrorCode[] = ['MR_SERVE_REQUEST', 'MR_PUSH_ROWS', 'MR_PUSH_SOURCE'];

function statusOf({ code, blame }: MillraceError): number {
  if (code === 'MR_UNKNOWN_VIEW' || code === 'MR_UNKNOWN_SERVICE') return 404;
  if (code === 'MR_UNKNOWN_KEY' || code === 'MR_UNKNOWN_FEATURE') return 400;
  if (wrongRequests.includes(code)) return 422;
  return blame === 'external' ? 503 : 500;
}

/** Feast's error with a class: a JSON string that holds JSON, spaced as Python does. */
export function feastError(status: number, name: string, message: string): Answer {
  const members = { module: 'feast.errors', class: name, message };
  const text = Object.entries(members)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(', ');
  return { status, body: `{${text}}` };
}

/** FastAPI's answer to a body that does not fit. */
export function invalidBody(detail: Readonly<Record<string, unknown>>): RequestFailure {
  const where = (detail['loc'] as readonly unknown[]).join('.');
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 422,
    message: String(detail['msg']),
    where,
    feast: { status: 422, body: { detail: [detail] } },
    asFeast: true,
  });
}
