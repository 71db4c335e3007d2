// `GET /registry.json`: the registry of the definitions that are served, made once.
import type { ServerRoute } from '../../serve/http/server-route.ts';
import type { RegistryTools } from './registry-tools.ts';

export function registryRoute(registry: RegistryTools): ServerRoute {
  let text: Promise<string> | null = null;
  return {
    method: 'GET',
    path: '/registry.json',
    summary: 'entities, streams, views, services, their owners, promises, versions and lineage',
    async handle() {
      text ??= registry.document().then((document) => `${JSON.stringify(document, null, 2)}\n`);
      return { body: await text };
    },
  };
}
