// `POST /materialize` and `/materialize-incremental`, which schedulers of Feast call: checked as Feast
// does and answered as it does, with nothing done. The store is written as events arrive; there is
// nothing to copy into it.
import { parseInstant } from '../../columns/parse-time.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RouteAnswer, RouteRequest, ServerRoute } from '../../serve/http/server-route.ts';
import { RequestFailure } from '../../serve/online/request-failure.ts';
import { unknownView } from '../../serve/online/request-problems.ts';

export interface MaterializeProject {
  readonly project: string;
  readonly plan: Plan;
}

const summary =
  "Feast's materialization: checked, and nothing to do, since rows are written as events arrive";
const properties = {
  start_ts: { type: 'string' },
  end_ts: { type: 'string' },
  feature_views: { type: 'array', items: { type: 'string' } },
};

export function materializeRoutes(project: MaterializeProject): readonly ServerRoute[] {
  return [
    {
      method: 'POST',
      path: '/materialize',
      summary,
      bodySchema: { type: 'object', properties },
      handle: (request) => {
        const asked = parseBody(request);
        checkTimes(asked);
        return answer(project, request, asked);
      },
    },
    {
      method: 'POST',
      path: '/materialize-incremental',
      summary,
      bodySchema: { type: 'object', properties },
      handle: (request) => answer(project, request, parseBody(request)),
    },
  ];
}

interface MaterializeBody {
  readonly start_ts?: unknown;
  readonly end_ts?: unknown;
  readonly feature_views?: unknown;
  readonly disable_event_timestamp?: unknown;
}

function parseBody({ body }: RouteRequest): MaterializeBody {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw refusal(422, 'the body is not JSON', 'body', 'send a JSON object');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw refusal(422, 'the body is no JSON object', 'body', 'send a JSON object');
}

function checkTimes({ start_ts, end_ts, disable_event_timestamp }: MaterializeBody): void {
  if (disable_event_timestamp === true) return;
  if (typeof start_ts !== 'string' || typeof end_ts !== 'string') {
    const message = 'start_ts and end_ts are required when disable_event_timestamp is False';
    throw refusal(400, message, 'start_ts', 'give both as ISO 8601', message);
  }
  const start = parseInstant(start_ts);
  const end = parseInstant(end_ts);
  if (start === null || end === null) {
    const name = start === null ? 'start_ts' : 'end_ts';
    throw refusal(400, `${name} is no instant`, name, 'give it as ISO 8601: 2026-11-20T00:00:00Z');
  }
  if (start < end) return;
  const message = `start_ts (${pythonText(start)}) must be before end_ts (${pythonText(end)})`;
  throw refusal(400, message, 'start_ts', 'swap them', message);
}

/** As Python prints an instant in UTC. */
function pythonText(ms: number): string {
  const [seconds = '', fraction = ''] = new Date(ms).toISOString().replace('T', ' ').split(/[.Z]/);
  return `${seconds}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
}

function answer(
  { project, plan }: MaterializeProject,
  request: RouteRequest,
  body: MaterializeBody,
): RouteAnswer {
  const known = plan.views.map(({ name }) => name);
  const asked = body.feature_views ?? known;
  if (!Array.isArray(asked)) {
    throw refusal(422, 'feature_views is no list', 'feature_views', 'send names of views');
  }
  for (const [i, name] of asked.entries()) {
    const text = String(name);
    if (!known.includes(text)) {
      throw unknownView(text, project, `feature_views[${i}]`, suggestName(text, known));
    }
    request.mayWrite(text);
  }
  const isAsync = new URL(request.url, 'http://localhost').searchParams.get('async') === 'true';
  if (!isAsync) return { body: 'null' };
  return { status: 202, body: JSON.stringify({ status: 'accepted', feature_views: asked }) };
}

function refusal(
  status: number,
  message: string,
  where: string,
  ...[fix, feast]: readonly [fix: string, feast?: string]
): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status,
    message,
    where,
    fix,
    ...(feast === undefined ? {} : { feast: { status: 500, body: feast } }),
  });
}
