// The layouts by name.
import { packedLayout } from './packed-layout.ts';
import type { LayoutContext, RowLayout } from './row-layout.ts';

export function layoutNamed(name: 'packed' | 'feast', context: LayoutContext): RowLayout {
  if (name === 'packed') return packedLayout(context);
  throw new Error('not yet');
}
