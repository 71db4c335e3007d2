// The layouts by name.
import { feastLayout } from './feast-rows.ts';
import { packedLayout } from './packed-layout.ts';
import type { LayoutContext, RowLayout } from './row-layout.ts';

export function layoutNamed(name: 'packed' | 'feast', context: LayoutContext): RowLayout {
  return name === 'feast' ? feastLayout(context) : packedLayout(context);
}
