// Which bindings are logs of pushed records.
import type { PushBinding } from '../../adapters/push/push.ts';

export function isPushBinding(binding: unknown): binding is PushBinding {
  return (
    typeof binding === 'object' &&
    binding !== null &&
    (binding as Partial<PushBinding>).kind === 'push'
  );
}
