// What `app.serve` can be told, as the server takes it. Secrets come from the environment or a file,
// never from arguments, which every process of the machine can see.
import { type AccessLog, openAccessLog } from '../../serve/http/gate/access-log.ts';
import type { FeatureServerOptions } from '../../serve/http/server-options.ts';
import { serveTokens } from './serve-tokens.ts';

/** Options of `app.serve`. */
export interface ServeOptions {
  /** Default 6566; 0 takes a free port. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Answers as Feast's own server does: every status PRESENT, its order, its 500s. Default false. */
  readonly feastStrict?: boolean;
  /** Share of served rows to log for `skew`, from 0 to 1. Default: as the environment says. */
  readonly logServed?: number;
  /** Told what people should know while it serves. */
  readonly onNotice?: (message: string) => void;
  /**
   * JSON file with the tokens that open the server, and the views that each of them opens. Default:
   * the file that MILLRACE_SERVE_TOKENS names, or the one token in MILLRACE_SERVE_TOKEN, else none.
   */
  readonly tokensFile?: string;
  /** How long a request may take, ms. Default 2,000. */
  readonly deadlineMs?: number;
  /** Most requests answered at once; what comes on top is answered with 503. Default 1,024. */
  readonly inFlightMax?: number;
  /** How long rows of hot keys may be served from memory, ms. Default 0: never. */
  readonly cacheMs?: number;
  /** Largest request body. Default 8 MiB. */
  readonly bodyBytesMax?: number;
  /** File for one line of JSON per request, without keys and values; `-`: standard error. */
  readonly accessLog?: string;
  /** What `/metrics` says, of what this process would say. Default: just that. */
  readonly renderMetrics?: (own: () => string) => () => Promise<string>;
}

/** The options of the server; throws MR_SERVE_TOKENS. */
export async function serverOptions(
  options: Omit<ServeOptions, 'logServed' | 'onNotice'>,
): Promise<Partial<FeatureServerOptions>> {
  const { tokensFile, accessLog, ...plain } = options;
  const tokens = await serveTokens(tokensFile, process.env);
  const log: AccessLog | null = accessLog === undefined ? null : openAccessLog(accessLog);
  return {
    ...plain,
    ...(tokens === null ? {} : { tokens }),
    ...(log === null ? {} : { accessLog: log }),
  };
}
