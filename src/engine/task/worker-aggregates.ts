// Functions of aggregates that users wrote, in worker threads. No function can be sent to another thread:
// what is sent is the module that exports the aggregate, and the thread imports it. An aggregate that
// is not there, or is another one there, ends the job before a record reaches a view.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  codeOf,
  isSameAggregate,
  linkAggregates,
  type UserAggregateNode,
  userAggregates,
} from '../../plan/user-aggregate.ts';

/** Where a thread finds the aggregates of its plan. */
export interface SentAggregates {
  /** A module that exports `importModule(url)`; null: modules are imported as they are. */
  readonly loader: string | null;
  readonly from: readonly { readonly name: string; readonly module: string }[];
}

type Exports = Readonly<Record<string, unknown>>;

const fix =
  'export it from the module that calls aggregate(…) (module: import.meta.url says another), or use parallelism 1';

/** What a thread has to be told of the aggregates of a plan. */
export function sentAggregates(plan: Plan, loader: string | null): SentAggregates {
  const from = userAggregates(plan).map((node) => {
    const module = codeOf(node)?.module ?? null;
    if (module !== null) return { name: node.name, module };
    throw notFound(node.name, 'nobody knows which module exports it');
  });
  return { loader, from };
}

/** Imports the modules; the nodes of the aggregates with their functions. */
export async function importAggregates(
  sent: SentAggregates,
): Promise<readonly UserAggregateNode[]> {
  return Promise.all(
    sent.from.map(async ({ name, module }) => {
      const exports = await importModule(name, module, sent.loader);
      const node = Object.values(exports)
        .map(nodeOf)
        .find((found) => found?.name === name);
      if (node) return node;
      throw notFound(name, `${placeOf(module)} does not export it`);
    }),
  );
}

/** Gives a plan that was read in this thread the functions that were imported. */
export function useAggregates(plan: Plan, imported: readonly UserAggregateNode[]): void {
  linkAggregates(plan, imported);
  for (const node of userAggregates(plan)) {
    if (codeOf(node) !== null) continue;
    const other = imported.find(({ name }) => name === node.name);
    if (other === undefined || isSameAggregate(node, other))
      throw notFound(node.name, 'it is gone');
    throw notFound(node.name, 'its module now has another version of it: start the job again');
  }
}

async function importModule(name: string, module: string, loader: string | null): Promise<Exports> {
  try {
    if (loader === null) return (await import(module)) as Exports;
    const { importModule: load } = (await import(loader)) as {
      readonly importModule: (url: string) => Promise<Exports>;
    };
    return await load(module);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw notFound(name, `${placeOf(module)} cannot be imported: ${what}`);
  }
}

/** The node of an export that is an aggregate. */
function nodeOf(exported: unknown): UserAggregateNode | null {
  if (typeof exported !== 'function' || !('definition' in exported)) return null;
  if (exported.definition !== 'aggregate' || !('node' in exported)) return null;
  return exported.node as UserAggregateNode;
}

function placeOf(module: string): string {
  return module.replace(/\?generation=\d+$/, '');
}

function notFound(name: string, why: string): MillraceError {
  const message = `worker threads cannot find the functions of aggregate "${name}": ${why}`;
  return new MillraceError('MR_DEFINITION_AGGREGATE', message, { fix });
}
