// `POST /push`, as Feast has it: rows of a stream in, an empty answer once they cannot be lost. All rows
// of a request are taken, or none of them.
import type { PushedRecord } from '../../ports/push.ts';
import { type Plan, type StreamNode, streamOf } from '../../plan/plan.ts';
import type { RouteAnswer, RouteRequest, ServerRoute } from '../http/server-route.ts';
import { parseFrameBody } from './data-frame.ts';
import { encodeRows } from './encode-rows.ts';
import { RowProblems, unknownSource, wrongTarget } from './push-problems.ts';

export interface PushRouteOptions {
  readonly plan: Plan;
  /** Resolves when the records of the stream cannot be lost; throws MR_PUSH_SOURCE where none can come. */
  readonly append: (stream: string, records: readonly PushedRecord[]) => Promise<void>;
}

const targets: readonly unknown[] = ['online', 'online_and_offline', undefined, null];

export function createPushRoute(options: PushRouteOptions): ServerRoute {
  return {
    method: 'POST',
    path: '/push',
    summary: 'Records of a stream, taken when they are safe on disk or with the broker',
    bodySchema: {
      type: 'object',
      required: ['push_source_name', 'df'],
      properties: {
        push_source_name: { enum: options.plan.streams.map(({ name }) => name) },
        df: { type: 'object', additionalProperties: { type: 'array' } },
        to: { enum: ['online', 'online_and_offline'], default: 'online' },
      },
    },
    handle: (request) => takeRows(options, request),
  };
}

async function takeRows(
  { plan, append }: PushRouteOptions,
  { body, isJson, mayWrite }: RouteRequest,
): Promise<RouteAnswer> {
  const { name, df, members } = parseFrameBody(body, isJson, 'push_source_name');
  const stream = plan.streams.find((candidate) => candidate.name === name);
  if (stream === undefined) {
    const known = plan.streams.map((candidate) => candidate.name);
    throw unknownSource(name, known);
  }
  if (!targets.includes(members['to'])) throw wrongTarget(members['to']);
  for (const view of plan.views) if (streamOf(plan, view) === stream) mayWrite(view.name);
  try {
    await append(name, encodeRows(stream, df, pushKey(plan, stream)));
  } catch (error) {
    if (error instanceof RowProblems) return refusal(error);
    throw error;
  }
  return { body: '' };
}

/** Every problem of the rows, beside what errors always say. */
export function refusal({ code, message, context, fix, rows }: RowProblems): RouteAnswer {
  const body = { code, message, where: context.path ?? '', fix, rows };
  return { status: 422, body: JSON.stringify(body) };
}

/** Fields that keep records of one entity in order: the key of the first view, where it is plain fields. */
export function pushKey(plan: Plan, stream: StreamNode): readonly string[] {
  const view = plan.views.find((candidate) => streamOf(plan, candidate).name === stream.name);
  const fields = (view?.key ?? []).map(({ value }) =>
    value.kind === 'column' ? value.name : null,
  );
  return fields.includes(null) ? [] : fields.flatMap((name) => name ?? []);
}
