// What can be said of the aggregates of a plan that users wrote only when all of them are known: two of
// one name are one too many, and functions whose text reads the clock or chance deserve a word.
import type { Plan } from '../../plan/plan.ts';
import { type AggregateCode, codeOf, userAggregates } from '../../plan/user-aggregate.ts';
import type { Reporter } from '../../plan/reporter.ts';

const unsure =
  /\bMath\.random\b|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\brandomUUID\b|\bfetch\(/;

export function checkUserAggregates(plan: Plan, report: Reporter): void {
  const seen = new Set<string>();
  for (const node of userAggregates(plan)) {
    const path = `aggregate.${node.name}`;
    if (seen.has(node.name)) {
      const message = `two aggregates are called "${node.name}"`;
      report.error(path, 'MR_DEFINITION_AGGREGATE', message, 'give one of them another name');
    }
    seen.add(node.name);
    for (const text of codeOf(node)?.texts ?? []) warnOfText(path, text, report);
  }
}

function warnOfText(path: string, [name, text]: AggregateCode['texts'][number], report: Reporter) {
  const [found] = unsure.exec(text) ?? [];
  if (found === undefined) return;
  report.warn(
    `${path}.${name}`,
    'MR_DEFINITION_AGGREGATE',
    `it uses ${found}: after a restart, and in training sets, the same records give another value`,
    'compute only from the state, the value and the event time that the function gets',
  );
}
