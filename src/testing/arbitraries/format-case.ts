// A random case as a few lines of text, enough to write a test by hand.
import { formatType, type Value } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import { windowKey } from '../../plan/window.ts';
import type { DeliveryStep } from '../oracle/delivery.ts';
import type { RandomCase } from './cases.ts';

/** The case in few lines, enough to write a test by hand. */
export function formatCase({ plan, steps, splitCount }: RandomCase): string {
  const [view] = plan.views;
  const [stream] = plan.streams;
  if (view === undefined || stream === undefined) return '';
  const features = view.features.map(({ name, aggregate: a, window }) => {
    const options = [
      a.distinct ? 'distinct' : '',
      a.limit === null ? '' : `limit ${a.limit}`,
      a.quantile === null ? '' : `q ${a.quantile}`,
      a.where === null ? '' : `where ${formatExpression(a.where)}`,
    ].filter(Boolean);
    const input = a.input === null ? '' : formatExpression(a.input);
    return `  ${name} = ${a.fn}(${input}) ${options.join(' ')} over ${windowKey(window)}`;
  });
  const derived = view.derived.map(({ name, value }) => `  ${name} = ${formatExpression(value)}`);
  const filter =
    view.from.kind === 'filter' ? [`  filter ${formatExpression(view.from.predicate)}`] : [];
  const key = view.key.map(({ name }) => name).join(', ');
  const delay = stream.eventTime.outOfOrdernessMs;
  const head =
    `emit ${view.emit} decay ${view.decayMs} key (${key}) delay ${delay} ` +
    `id ${stream.idField} splits ${splitCount}`;
  return [head, ...filter, ...features, ...derived, ...steps.map(formatStep)].join('\n');
}

function formatStep(step: DeliveryStep): string {
  if (step.kind === 'end') return `  end of split ${step.split}`;
  if (step.kind === 'idle') return `  idle until ${step.nowMs}`;
  const values = Object.entries(step.row).filter(([name, value]) => value !== null || name === 'k');
  const shown = values.map(([name, value]) => `${name}=${showValue(value)}`).join(' ');
  return `  ${step.split}:${step.offset} ${shown}`;
}

function showValue(value: Value): string {
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}

function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'column':
      return expression.name;
    case 'literal':
      return `${showValue(expression.value)}:${formatType(expression.type)}`;
    case 'call':
      return `${expression.fn}(${expression.args.map(formatExpression).join(', ')})`;
    case 'case': {
      const branches = expression.branches.map(
        ({ when, then }) => `${formatExpression(when)} → ${formatExpression(then)}`,
      );
      return `case(${branches.join('; ')}; else ${formatExpression(expression.otherwise)})`;
    }
  }
}
