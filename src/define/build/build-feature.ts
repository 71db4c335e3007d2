// One feature as written → its node.
import { type AggregateNode, aggregateResult } from '../../plan/aggregate.ts';
import type { FeatureNode } from '../../plan/plan.ts';
import { featureUid } from '../../plan/uids.ts';
import type { Feature } from '../aggregate.ts';
import { readWindow } from './read-window.ts';
import { fail, failAll, inside, readDuration, type Scope } from './scope.ts';

/** The feature's node, or none and a problem. */
export function buildFeature(
  view: string,
  name: string,
  value: unknown,
  scope: Scope,
): readonly FeatureNode[] {
  if (!isFeature(value)) {
    const isOpen = typeof value === 'object' && value !== null && 'over' in value;
    fail(
      scope,
      'MR_DEFINITION_WINDOW',
      isOpen ? 'the aggregate has no window' : 'this is no aggregate over a window',
      isOpen
        ? "end it with .over(…), for example .over(rolling('1h'))"
        : "write for example sum(p.amount).over(rolling('1h'))",
    );
    return [];
  }
  const { problems } = value;
  const aggregate = buildAggregate(value, scope);
  failAll(scope, problems);
  const window = readWindow(inside(scope, 'window'), value.window);
  const result = aggregateResult(aggregate.fn, aggregate.input?.type ?? null, aggregate.user);
  if (typeof result === 'string') {
    if (problems.length === 0) fail(scope, 'MR_DEFINITION_TYPE', result);
    return [];
  }
  if (window === null) return [];
  return [{ kind: 'feature', name, uid: featureUid(view, name), ...result, aggregate, window }];
}

/** The aggregate with what was text until now. */
function buildAggregate({ aggregate, ...written }: Feature, scope: Scope): AggregateNode {
  if (aggregate.fn !== 'ewma') return aggregate;
  const at = inside(scope, 'halfLife');
  if (written.halfLife === undefined)
    fail(
      at,
      'MR_DEFINITION_DURATION',
      'ewma needs a half-life',
      "for example ewma(p.amount, '1h')",
    );
  // A wrong one has been reported: an hour stands for it.
  return { ...aggregate, halfLifeMs: readDuration(at, written.halfLife) ?? 3_600_000 };
}

function isFeature(value: unknown): value is Feature {
  return typeof value === 'object' && value !== null && 'isFeature' in value;
}
