// Says how the state of a view is laid out, from its plan: two operators with equal schemas read each
// other's images. Texts are canonical JSON of plan nodes.
import { formatType } from '../../../kernel/types/field-type.ts';
import { windowKey } from '../../../plan/window.ts';
import type { ViewWindow } from '../../state/windows/view-window.ts';
import type { SectionSchema, ViewStateSchema } from '../../state/residence.ts';
import type { ViewLayout } from '../view-layout.ts';
import type { ViewParts } from '../view-parts.ts';

/** Grows when the bytes of a kind of section change. */
const sectionVersion = 1;

export function schemaOf({ layout, mode, staging, windows }: ViewParts): ViewStateSchema {
  const { view, outputs } = layout;
  const textOf = (output: number | null): string | null =>
    output === null ? null : canonical(outputs[output]);
  return {
    format: 1,
    view: view.uid,
    emit: mode,
    key: view.key.map(
      ({ name, type, nullable }) => `${name} ${formatType(type)}${nullable ? '?' : ''}`,
    ),
    columns: staging.columns.map(({ output, form }) => `${form} ${textOf(output)}`),
    filters: staging.filters.map(({ where, value }) =>
      canonical({ where: textOf(where), value: textOf(value) }),
    ),
    rows: staging.isBoxed
      ? {
          id: textOf(layout.idOutput),
          inputs: layout.inputs.map(({ valueOutput, whereOutput }) =>
            canonical({ value: textOf(valueOutput), where: textOf(whereOutput) }),
          ),
        }
      : null,
    sections: windows.map((window) => sectionOf(layout, window)),
  };
}

function sectionOf({ view, windows }: ViewLayout, state: ViewWindow): SectionSchema {
  const { kind, features } = state.form;
  return {
    kind,
    version: sectionVersion,
    windows: state.windows.map((index) => {
      const window = windows[index];
      return window === undefined ? '' : windowKey(window.node);
    }),
    features: features.map(({ index, form }) => {
      const feature = view.features[index];
      const aggregate = canonical(feature?.aggregate);
      return { name: feature?.name ?? '', form, aggregate };
    }),
  };
}

/** JSON with the names of records in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
