// Which window state of an older view each one of a newer view goes on with. A feature whose state
// would have to take another form (numbers instead of boxed values, say) is refused: nothing is lost
// silently.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { windowKey } from '../../../plan/window.ts';
import type { Cells } from '../../state/cells/cells.ts';
import { RollingGroup } from '../../state/windows/rolling-group.ts';
import { RecordBuffer } from '../../state/windows/rolling-window.ts';
import type { ViewWindow } from '../../state/windows/view-window.ts';
import type { ViewParts } from '../view-parts.ts';
import type { FormerFeature } from './former-features.ts';

export interface WindowPair {
  readonly to: ViewWindow;
  /** Null when none of the window's features has a past. */
  readonly from: ViewWindow | null;
}

export function pairWindows(
  from: ViewParts,
  to: ViewParts,
  formers: readonly (FormerFeature | null)[],
): readonly WindowPair[] {
  return to.windows.map((window) => {
    let found: ViewWindow | null = null;
    for (const { index, form } of window.form.features) {
      const former = formers[index] ?? null;
      if (former === null) continue;
      const old = from.windows.find(({ form: { features } }) =>
        features.some((kept) => kept.index === former.index),
      );
      const isSameForm =
        old?.form.kind === window.form.kind &&
        (found === null || found === old) &&
        old.form.features.find((kept) => kept.index === former.index)?.form === form;
      if (old === undefined || !isSameForm) throw anotherForm(to, index);
      const keepsRecords = window instanceof RollingGroup || window instanceof RecordBuffer;
      if (!keepsRecords && !former.keepsNumbers) throw noRecords(to, index);
      found = old;
    }
    return { to: window, from: found };
  });
}

function noRecords({ layout }: ViewParts, feature: number): MillraceError {
  const name = layout.view.features[feature]?.name ?? '';
  const message =
    `feature "${layout.view.name}.${name}" cannot be migrated: ` +
    'its window keeps what its records came to, not the records';
  return new MillraceError('MR_STATE_SCHEMA', message, {
    context: { operatorUid: layout.view.uid },
    fix: `give the feature another name and let it start empty (upgrade: { added: 'empty' })`,
  });
}

function anotherForm({ layout }: ViewParts, feature: number): MillraceError {
  const name = layout.view.features[feature]?.name ?? '';
  const message = `what is kept of feature "${layout.view.name}.${name}" would have to take another form`;
  return new MillraceError('MR_STATE_SCHEMA', message, {
    context: { operatorUid: layout.view.uid },
    fix: `give the feature another name and let it start empty (upgrade: { added: 'empty' })`,
  });
}

/** Per window of the newer view its index in the older one; null for one that is new. */
export function windowIndexes(from: ViewParts, to: ViewParts): readonly (number | null)[] {
  return to.layout.windows.map(({ node }) => {
    const index = from.layout.windows.findIndex((old) => windowKey(old.node) === windowKey(node));
    return index < 0 ? null : index;
  });
}

/** Per window of a newer group its place in the older one; null for one that is new. */
export function groupPlaces(
  from: { readonly window: RollingGroup; readonly parts: ViewParts },
  to: { readonly window: RollingGroup; readonly parts: ViewParts },
): readonly (number | null)[] {
  const indexes = windowIndexes(from.parts, to.parts);
  return to.window.windows.map((window) => {
    const place = from.window.windows.indexOf(indexes[window] ?? -1);
    return place < 0 ? null : place;
  });
}

/** Cells and, when they are made of several, their parts. */
export function partsOf(cells: Cells & { readonly parts?: readonly Cells[] }): readonly Cells[] {
  return cells.parts ?? [cells];
}
