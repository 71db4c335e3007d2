// Flink's SQL gateway over REST (v4): a session runs statements one after the other. What Flink answers
// when something is wrong becomes an error of ours with the reason at the bottom of its trace.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type FailedStatement, statementError } from './gateway-error.ts';
import { askRest } from './rest-request.ts';

/** Where the gateway is, and how patient to be. */
export interface GatewayOptions {
  /** `http://localhost:8083` */
  readonly url: string;
  readonly clock: Clock;
  /** A statement that takes longer is given up. Default 60,000. */
  readonly timeoutMs?: number;
}

/** A statement's result. */
export interface StatementResult {
  /** The job that an INSERT or a statement set started; null for others. */
  readonly jobId: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const pollMinMs = 20;
const pollMaxMs = 500;
const heartbeatMs = 60_000;

interface ResultAnswer {
  readonly resultType: 'NOT_READY' | 'PAYLOAD' | 'EOS';
  readonly jobID?: string;
  readonly results?: {
    readonly columns: readonly { readonly name: string }[];
    readonly data: readonly { readonly fields: readonly unknown[] }[];
  };
  readonly nextResultUri?: string;
}

/** Opens a session with options as `SET` would set them. Errors: MR_FLINK_UNREACHABLE. */
export async function openGatewaySession(
  options: GatewayOptions,
  properties: Readonly<Record<string, string>> = {},
): Promise<GatewaySession> {
  const { sessionHandle } = await ask<{ readonly sessionHandle: string }>(options, {
    path: '/v4/sessions',
    method: 'POST',
    body: { properties },
  });
  return new GatewaySession(options, sessionHandle);
}

export class GatewaySession {
  readonly #options: GatewayOptions;
  /** Below the gateway's address. */
  readonly path: string;
  readonly #closing = new AbortController();
  readonly #heart: Promise<void>;

  constructor(options: GatewayOptions, handle: string) {
    this.#options = options;
    this.path = `/v4/sessions/${handle}`;
    this.#heart = this.#beat();
  }

  /**
   * Runs a statement to its end; of a query all rows. Errors: MR_FLINK_STATEMENT with Flink's reason and
   * the place in the SQL, MR_FLINK_SESSION when the session is gone, MR_FLINK_UNREACHABLE.
   */
  async execute(statement: string, origin?: string): Promise<StatementResult> {
    const failed: FailedStatement = {
      text: statement,
      ...(origin === undefined ? {} : { origin }),
    };
    const { operationHandle } = await ask<{ readonly operationHandle: string }>(this.#options, {
      path: `${this.path}/statements`,
      method: 'POST',
      body: { statement },
      statement: failed,
    });
    return this.#resultOf(operationHandle, failed);
  }

  async #resultOf(operation: string, statement: FailedStatement): Promise<StatementResult> {
    const { clock, timeoutMs = 60_000 } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const rows: (readonly unknown[])[] = [];
    let columns: readonly string[] = [];
    let jobId: string | null = null;
    let path = `/operations/${operation}/result/0?rowFormat=JSON`;
    let pauseMs = pollMinMs;
    for (;;) {
      const answer = await ask<ResultAnswer>(this.#options, {
        path: this.path + path,
        statement,
      });
      jobId = answer.jobID ?? jobId;
      if (answer.resultType === 'NOT_READY') {
        if (clock.monotonicMs() > deadlineMs) throw this.#tooLate(timeoutMs, statement);
        await clock.sleep(pauseMs);
        pauseMs = Math.min(pollMaxMs, pauseMs * 2);
        continue;
      }
      columns = answer.results?.columns.map(({ name }) => name) ?? columns;
      for (const { fields } of answer.results?.data ?? []) rows.push(fields);
      if (answer.resultType === 'EOS' || answer.nextResultUri === undefined) {
        return { jobId, columns, rows };
      }
      path = answer.nextResultUri.slice(answer.nextResultUri.indexOf('/operations/'));
    }
  }

  #tooLate(timeoutMs: number, { origin = 'a statement' }: FailedStatement): MillraceError {
    return new MillraceError('MR_FLINK_UNREACHABLE', `${origin}: no answer in ${timeoutMs} ms`, {
      fix: 'look at the gateway and the JobManager; give a longer timeout',
    });
  }

  /** The gateway forgets sessions that nobody asks anything. */
  async #beat(): Promise<void> {
    const { signal } = this.#closing;
    const { clock } = this.#options;
    for (;;) {
      await clock.sleep(heartbeatMs, signal);
      if (signal.aborted) return;
      await ask(this.#options, { path: `${this.path}/heartbeat`, method: 'POST' }).catch(
        () => undefined,
      );
    }
  }

  /** Ends the session; jobs that it started go on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#heart;
    await ask(this.#options, { path: this.path, method: 'DELETE' }).catch(() => undefined);
  }
}

interface GatewayRequest {
  readonly path: string;
  readonly method?: 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly statement?: FailedStatement;
}

async function ask<T>({ url }: GatewayOptions, request: GatewayRequest): Promise<T> {
  const { statement, ...asked } = request;
  const answer = await askRest({ url, server: 'the SQL gateway', option: 'gateway', ...asked });
  if (answer.ok) return answer.body as T;
  const { trace, status } = answer;
  if (/Session '[^']*' does not exist/.test(trace)) {
    throw new MillraceError('MR_FLINK_SESSION', `the gateway at ${url} has forgotten the session`, {
      fix: 'try again: it was restarted, or nobody asked it anything for too long',
    });
  }
  if (statement !== undefined) throw statementError(trace, statement);
  throw new MillraceError('MR_FLINK_UNREACHABLE', `the gateway at ${url} answers ${status}`, {
    cause: new Error(trace.slice(0, 2000)),
    fix: 'look at the log of the gateway',
  });
}
