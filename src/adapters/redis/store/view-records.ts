// The views of an open store. A writer records views that the store does not know, and gives those
// whose rows it drops a new generation of keys, so that a reader which is still open never takes the
// new rows for the old ones. Both refuse rows of another definition.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { StoreContext } from '../../../ports/online-store.ts';
import { checkStoredView } from '../../../ports/stores/stored-view-change.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import type { RowLayout } from '../layout/row-layout.ts';
import { type RecordedView, type StoreMeta, metaLayoutVersion, recordText } from './store-meta.ts';

export interface RecordsParts {
  readonly name: string;
  readonly layoutName: string;
  readonly meta: StoreMeta;
  readonly layout: RowLayout;
}

/** Opening for writing: drops what is to be dropped, records what is new. */
export async function recordViews(parts: RecordsParts, context: StoreContext): Promise<void> {
  const { meta, layout, layoutName } = parts;
  checkLayout(parts);
  const { views, existing = 'keep' } = context;
  const values: Record<string, string> = { layout: `${metaLayoutVersion} ${layoutName}` };
  const dropped: RecordedView[] = [];
  for (const view of views) {
    const stored = meta.views.get(view.view);
    const isChanged = stored !== undefined && stored.view.fingerprint !== view.fingerprint;
    if (stored === undefined) {
      values[`view:${view.view}`] = recordText({ view, generation: 1 });
    } else if (existing === 'dropAll' || (existing === 'dropChanged' && isChanged)) {
      dropped.push(stored);
      const generation = stored.generation + 1;
      values[`view:${view.view}`] = recordText({ view, generation });
    } else check(parts, stored.view, view, false);
  }
  if (existing === 'dropAll') await meta.remove('as_of');
  await meta.set(values);
  for (const { view, generation } of dropped) {
    const generations = Array.from({ length: generation }, (_, i) => i + 1);
    await layout.drop(view, generations);
  }
}

/** Throws MR_STORE_SCHEMA when the store was written in another layout. */
export function checkLayout({ name, layoutName, meta }: RecordsParts): void {
  const wanted = `${metaLayoutVersion} ${layoutName}`;
  const found = meta.get('layout') ?? wanted;
  if (found === wanted) return;
  const message = `redis ${name} holds rows of this project in layout ${found}, not ${wanted}`;
  throw new MillraceError('MR_STORE_SCHEMA', message, {
    context: { store: name },
    fix: `write layout: '${found.split(' ')[1] ?? 'packed'}', or delete the keys of the project`,
  });
}

/** Throws MR_STORE_SCHEMA when these rows are not those of the view as it is defined now. */
export function check(
  { name }: RecordsParts,
  stored: StoredView,
  view: StoredView,
  acceptsSameShape: boolean,
): void {
  checkStoredView(stored, view, {
    store: `redis ${name}`,
    fix: 'run with --fresh-state, or give this definition a project (or a second job) of its own',
    acceptsSameShape,
  });
}

/**
 * The records by view, checked once against the views as they are defined. In Feast's layout there are
 * rows without a record: those that Feast wrote.
 */
export function recordsOf(
  parts: RecordsParts,
  context: StoreContext,
): (view: string) => RecordedView | null {
  const wanted = new Map(context.views.map((view) => [view.view, view]));
  const checked = new Map<string, RecordedView>();
  const unrecorded = new Map(
    context.views.map((view): [string, RecordedView] => [view.view, { view, generation: 1 }]),
  );
  return (view) => {
    const foreign = parts.layoutName === 'feast' ? unrecorded.get(view) : undefined;
    const recorded = parts.meta.views.get(view) ?? foreign;
    const defined = wanted.get(view);
    if (recorded === undefined || defined === undefined) return null;
    if (checked.get(view) === recorded) return recorded;
    check(parts, recorded.view, defined, context.acceptsSameShape === true);
    checked.set(view, recorded);
    return recorded;
  };
}
