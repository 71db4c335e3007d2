// The registry as files for git: `registry.json` whole, as it is served, and a file for each thing in
// it, so that a review shows what changed and `git log` of a file is its history. Files of things that
// are gone go; other files are left alone.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from '../../adapters/file/file-errors.ts';
import { parseRegistry } from './parse-registry.ts';
import type { RegistryDocument } from './registry-document.ts';

/** The file that is served. */
export const registryFileName = 'registry.json';

/** Folder of each list, and what lineage calls its members. */
const folders = {
  entities: { folder: 'entities', node: 'entity' },
  streams: { folder: 'streams', node: 'stream' },
  views: { folder: 'views', node: 'view' },
  on_demand: { folder: 'on-demand', node: 'on_demand' },
  services: { folder: 'services', node: 'service' },
} as const;

/** The registry that lies in a folder; null when there is none. */
export async function readRegistryFolder(folder: string): Promise<RegistryDocument | null> {
  const path = join(folder, registryFileName);
  try {
    return parseRegistry(await readFile(path, 'utf8'), path);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw fileError(path, error);
  }
}

/** Relative paths with their texts, in a fixed order. */
export function registryFiles(document: RegistryDocument): ReadonlyMap<string, string> {
  const files = new Map([[registryFileName, textOf(document)]]);
  for (const list of Object.keys(folders) as (keyof typeof folders)[]) {
    const { folder, node } = folders[list];
    for (const entry of document[list]) {
      const lineage = lineageAt(document, `${node}:${entry.name}`);
      files.set(`${folder}/${entry.name}.json`, textOf({ ...entry, ...lineage }));
    }
  }
  return files;
}

/** Of an entity there is none: it is a name for a key. */
function lineageAt({ lineage }: RegistryDocument, node: string): object {
  if (node.startsWith('entity:')) return {};
  return {
    reads: lineage.filter(({ to }) => to === node).map(({ from }) => from),
    read_by: lineage.filter(({ from }) => from === node).map(({ to }) => to),
  };
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export interface RegistryFileChanges {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** What writing would do: files that are missing or differ, and files of things that are gone. */
export async function registryChanges(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<RegistryFileChanges> {
  const written: string[] = [];
  for (const [path, text] of files) {
    if ((await textAt(join(folder, path))) !== text) written.push(path);
  }
  const removed: string[] = [];
  for (const { folder: name } of Object.values(folders)) {
    const listed = await listedIn(join(folder, name));
    const gone = listed.filter((file) => file.endsWith('.json') && !files.has(`${name}/${file}`));
    removed.push(...gone.map((file) => `${name}/${file}`));
  }
  return { written, removed };
}

export async function writeRegistry(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<RegistryFileChanges> {
  try {
    const changes = await registryChanges(folder, files);
    // What is read for the versions comes last: a write that fails half-way is simply done again.
    const order = changes.written.toSorted(
      (a, b) => Number(a === registryFileName) - Number(b === registryFileName),
    );
    for (const path of changes.removed) await rm(join(folder, path));
    for (const path of order) {
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, files.get(path) ?? '');
    }
    return changes;
  } catch (error) {
    throw fileError(folder, error);
  }
}

async function textAt(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw error;
  }
}

async function listedIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return [];
    throw error;
  }
}
