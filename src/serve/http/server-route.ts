// Routes that others bring to the server: from bytes to bytes, with the server's limits, access rules
// and errors around them. What a handler throws is answered as the server's own failures are.

/** A request as a route gets it. */
export interface RouteRequest {
  readonly body: Buffer;
  /** Path and query as sent. */
  readonly url: string;
  /** The body is declared as JSON, or not declared at all. */
  readonly isJson: boolean;
  /** Throws a RequestFailure (403) when the caller may not write to this view. */
  readonly mayWrite: (view: string) => void;
}

/** What a route answers. */
export interface RouteAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Default `application/json`. */
  readonly type?: string;
  readonly body: Buffer | string;
}

/** One route of somebody else's. */
export interface ServerRoute {
  readonly method: 'GET' | 'POST';
  /** From the root: `/push`. */
  readonly path: string;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  /** JSON schema of the body, for the OpenAPI document. */
  readonly bodySchema?: Readonly<Record<string, unknown>>;
  handle(request: RouteRequest): RouteAnswer | Promise<RouteAnswer>;
}
