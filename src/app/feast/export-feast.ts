// `millrace feast export`: a repository that a stock Feast SDK opens: its configuration, and our
// definitions as its registry. It holds nothing but definitions; the features stay where they are.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileError } from '../../adapters/file/file-errors.ts';
import { feastKeyType } from '../../adapters/redis/feast-layout/entity-key.ts';
import type { RedisBinding } from '../../adapters/redis/redis.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { isKeyKind } from '../../kernel/key-encoding.ts';
import { inputsRead } from '../../plan/on-demand-inputs.ts';
import type { ViewNode } from '../../plan/plan.ts';
import type { OnlineStoreBinding } from '../../ports/online-store.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import {
  type FeastRoute,
  featureStoreYaml,
  redisRoute,
  remoteLines,
} from './feature-store-yaml.ts';
import { pythonFunction } from './python-function.ts';
import { type FeastRegistryOptions, feastRegistry } from './registry-file.ts';

export interface FeastExportOptions {
  /** The folder to write to; made when it is not there. */
  readonly out: string;
  /** How the SDK is to read. Default: from Redis where the rows lie there in Feast's layout. */
  readonly route?: FeastRoute;
  /** Where `millrace serve` answers. Default `http://localhost:6566`. */
  readonly url?: string;
}

/** What `app.feast.export` wrote. */
export interface FeastExport {
  readonly out: string;
  readonly route: FeastRoute;
  readonly files: readonly string[];
  readonly views: readonly string[];
  readonly services: readonly string[];
  /** What Feast is not told, and why. */
  readonly left: readonly { readonly name: string; readonly reason: string }[];
  /** What people should know. */
  readonly notes: readonly string[];
}

const registryFile = 'registry.db';

/**
 * Writes `feature_store.yaml` and `registry.db`, and `feature_store.remote.yaml` beside a route over
 * Redis. Errors: MR_USAGE for a route that the environment does not have, MR_FILE_ACCESS.
 */
export async function exportFeast(
  project: ResolvedProject,
  { out, route: asked, url = 'http://localhost:6566' }: FeastExportOptions,
): Promise<FeastExport> {
  const redis = redisOf(project.environment.online);
  const route = asked ?? (redis === null ? 'remote' : 'redis');
  if (route === 'redis' && redis === null) throw noRedis(project.env);
  const online = redis !== null && route === 'redis' ? redisRoute(redis) : null;
  const { kept, onDemand, left } = exportable(project, route);
  const registry = feastRegistry({
    project: project.project,
    plan: project.plan,
    views: kept,
    onDemand,
    logFolder: (view) => logFolder(project, view),
  });
  const yaml = (onlineStore: readonly string[]): string =>
    featureStoreYaml({ project: project.project, registryFile, onlineStore });
  const remote = yaml(remoteLines(url));
  const texts: Record<string, string | Uint8Array> = {
    'feature_store.yaml': online === null ? remote : yaml(online.lines),
    ...(online === null ? {} : { 'feature_store.remote.yaml': remote }),
    [registryFile]: registry,
  };
  const folder = resolve(out);
  await writeFiles(folder, texts);
  return {
    out: folder,
    route,
    files: Object.keys(texts),
    views: [...kept, ...onDemand.map(({ node }) => node)].map(({ name }) => name),
    services: project.plan.services.map(({ name }) => name),
    left,
    notes: [...(online?.notes ?? []), ...lossNotes(kept)],
  };
}

function redisOf(online: OnlineStoreBinding | undefined): RedisBinding | null {
  const binding = online as Partial<RedisBinding> | undefined;
  if (binding?.kind !== 'redis' || binding.options?.layout !== 'feast') return null;
  return binding as RedisBinding;
}

function noRedis(env: string): MillraceError {
  const message = `environments.${env}.online does not keep rows in Feast's layout of Redis`;
  return new MillraceError('MR_USAGE', message, {
    fix: "write redis('redis://…', { layout: 'feast' }), or give --route remote",
  });
}

/** Views that Feast can ask for by the route. */
function exportable(
  { plan }: ResolvedProject,
  route: FeastRoute,
): Pick<FeastExport, 'left'> &
  Pick<FeastRegistryOptions, 'onDemand'> & { readonly kept: readonly ViewNode[] } {
  const left: { name: string; reason: string }[] = [];
  const kept = plan.views.filter(({ name, key }) => {
    const part = key.find(({ type }) => !isKeyKind(type.kind) || feastKeyType(type.kind) === null);
    if (part === undefined) return true;
    left.push({ name, reason: `its key "${part.name}" is ${part.type.kind}: Feast has none such` });
    return false;
  });
  const onDemand = (plan.onDemand ?? []).flatMap((node) => {
    const made = inputsRead(node).stored.every(({ view }) => kept.some(({ name }) => name === view))
      ? pythonFunction(node)
      : { refused: 'it reads a view that is left out' };
    if ('source' in made) return [{ node, source: made.source }];
    const where =
      route === 'redis' ? 'read it by the remote route' : 'our server answers it all the same';
    left.push({ name: node.name, reason: `${made.refused}: ${where}` });
    return [];
  });
  return { kept, onDemand, left };
}

/** Where a view's rows lie in the feature log, when that is a folder. */
function logFolder(
  { environment, baseDirectory, variant }: ResolvedProject,
  view: ViewNode,
): string | null {
  const directory = environment.offline?.directory;
  if (directory === undefined) return null;
  const own = variant === null ? directory : `${directory}.${variant}`;
  return resolve(baseDirectory, own, view.name);
}

/** What values lose on their way. */
function lossNotes(views: readonly ViewNode[]): readonly string[] {
  const kinds = new Set(
    views.flatMap((view) => [...view.features, ...view.derived].map(({ type }) => type.kind)),
  );
  const notes: string[] = [];
  if (kinds.has('timestamp')) notes.push('instants are whole seconds in Feast');
  if (kinds.has('date')) notes.push('Feast has no dates: they are texts (YYYY-MM-DD)');
  return notes;
}

async function writeFiles(
  folder: string,
  texts: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
  } catch (error) {
    throw fileError(folder, error);
  }
}
