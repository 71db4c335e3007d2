// The registry that a binding names.
import type { Clock } from '../../kernel/clock.ts';
import type { SchemaRegistry } from '../../ports/schema-registry.ts';
import { FolderRegistry } from './folder-registry.ts';
import { RegistryClient } from './registry-client.ts';
import { resolveRegistry } from './registry-location.ts';
import { ServerRegistry } from './server-registry.ts';

/** Opens what `registry` of a binding says; asks nothing yet. Throws MR_CONFIG_INVALID. */
export function openRegistry(
  given: unknown,
  context: { readonly baseDirectory: string; readonly clock: Clock },
): SchemaRegistry {
  const location = resolveRegistry(given, context.baseDirectory);
  if (location.kind === 'folder') return new FolderRegistry(location.path, location.description);
  const client = new RegistryClient(location, context.clock);
  return new ServerRegistry(location.description, client);
}
