// Aggregates and windows as people read them: `sum(amount) where amount > 5 over the last 1h`.
import { formatDuration } from '../../kernel/duration.ts';
import { formatField, formatType } from '../../kernel/types/field-type.ts';
import type { AggregateNode } from '../aggregate.ts';
import { formatExpression } from './format-expression.ts';
import type { DerivedNode, FeatureNode } from '../plan.ts';
import type { ServedWindow, WindowNode } from '../window.ts';

/** What a feature computes, in one line. */
export function formatFeature(feature: FeatureNode): string {
  return `${formatAggregate(feature.aggregate)} over ${formatWindow(feature.window)}`;
}

/** Its type as it is served; `?` when it can be null. */
export function formatFeatureType({
  type,
  nullable,
}: Pick<FeatureNode | DerivedNode, 'type' | 'nullable'>): string {
  return `${formatType(type).replaceAll(/\bcount\b/g, 'int64')}${nullable ? '?' : ''}`;
}

export function formatAggregate(aggregate: AggregateNode): string {
  const input = aggregate.input === null ? '' : formatExpression(aggregate.input);
  const args = [
    aggregate.distinct ? `distinct ${input}` : input,
    ...(aggregate.quantile === null ? [] : [String(aggregate.quantile)]),
    ...(aggregate.limit === null ? [] : [String(aggregate.limit)]),
    ...(aggregate.halfLifeMs === undefined ? [] : [formatDuration(aggregate.halfLifeMs)]),
  ];
  const where = aggregate.where === null ? '' : ` where ${formatExpression(aggregate.where)}`;
  return `${nameOf(aggregate)}(${args.join(', ')})${where}`;
}

function nameOf({ fn, user }: AggregateNode): string {
  if (user === undefined) return fn;
  const fields = user.state.map(formatField).join(', ');
  return `${user.name} v${user.version} {${fields}}`;
}

/** A window in the words of its definition: `rolling 7d by 1h`. */
export function formatWindow(window: WindowNode): string {
  switch (window.kind) {
    case 'rolling': {
      const { sizeMs, resolutionMs } = window;
      const by = resolutionMs === null ? '' : ` by ${formatDuration(resolutionMs)}`;
      return `rolling ${formatDuration(sizeMs)}${by}`;
    }
    case 'rollingRows':
      return `rolling ${window.rows} records`;
    case 'lifetime':
      return 'lifetime';
    case 'tumbling':
      return `tumbling ${formatDuration(window.sizeMs)}${boundaryText(window)}`;
    case 'hopping': {
      const every = `every ${formatDuration(window.everyMs)}`;
      return `hopping ${formatDuration(window.sizeMs)} ${every}${boundaryText(window)}`;
    }
    case 'cumulate': {
      const step = `by ${formatDuration(window.stepMs)}`;
      return `cumulate ${formatDuration(window.sizeMs)} ${step}${boundaryText(window)}`;
    }
    case 'session':
      return `session ${formatDuration(window.gapMs)}`;
  }
}

function boundaryText(window: {
  readonly offsetMs: number;
  readonly allowedLatenessMs: number;
  readonly serve?: ServedWindow;
}): string {
  const { offsetMs, allowedLatenessMs, serve } = window;
  const open = serve === 'open' ? ', the open one' : '';
  const offset = offsetMs === 0 ? '' : `, shifted by ${formatDuration(offsetMs)}`;
  const late = allowedLatenessMs === 0 ? '' : `, late up to ${formatDuration(allowedLatenessMs)}`;
  return open + offset + late;
}
