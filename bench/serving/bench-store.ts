// The stores that serving is measured over.
import { embedded } from '../../src/adapters/embedded/index.ts';
import { redis } from '../../src/adapters/redis/index.ts';
import type { OnlineStore } from '../../src/ports/online-store.ts';
import { wideStored } from '../../test/integration/redis/wide-view.ts';

/** `place`: a folder (embedded) or a URL (redis). */
export function openBenchStore(
  kind: string,
  place: string,
  mode: 'read' | 'write',
): Promise<OnlineStore> {
  const binding = kind === 'redis' ? redis(place) : embedded(place);
  return binding.open({ project: 'bench', baseDirectory: '.', mode, views: [wideStored] });
}
