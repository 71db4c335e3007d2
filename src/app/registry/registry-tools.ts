// What an App offers of its registry: the document of today, its files, and what changed since another.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileError } from '../../adapters/file/file-errors.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { diffRegistries, type RegistryChange } from './diff-registry.ts';
import { parseRegistry } from './parse-registry.ts';
import { buildRegistry, type RegistryDocument } from './registry-document.ts';
import {
  readRegistryFolder,
  registryChanges,
  type RegistryFileChanges,
  registryFiles,
  writeRegistry,
} from './registry-files.ts';

export interface RegistryTools {
  /** The registry of the definitions as they are now, with the versions of the files in `folder`. */
  document(folder?: string): Promise<RegistryDocument>;
  /** Writes the files that differ. `folder`: default `registry` beside the configuration. */
  write(folder?: string): Promise<RegistryWritten>;
  /** What `write` would do. */
  pending(folder?: string): Promise<RegistryWritten>;
  /** From `before` to `after`, or to the definitions of today: files or addresses of `registry.json`. */
  diff(before: string, after?: string): Promise<readonly RegistryChange[]>;
}

export interface RegistryWritten extends RegistryFileChanges {
  /** Absolute path. */
  readonly folder: string;
  readonly versions: Readonly<Record<string, number>>;
}

const defaultFolder = 'registry';
const fetchTimeoutMs = 10_000;

/** What the registry is made of. */
export type RegistryProject = Pick<ResolvedProject, 'project' | 'plan' | 'baseDirectory'>;

export function registryToolsOf(project: RegistryProject): RegistryTools {
  const folderOf = (folder?: string): string =>
    folder === undefined ? resolve(project.baseDirectory, defaultFolder) : resolve(folder);
  const document = async (folder?: string): Promise<RegistryDocument> => {
    const previous = await readRegistryFolder(folderOf(folder));
    return buildRegistry(project.project, project.plan, previous);
  };
  const told = async (
    folder: string | undefined,
    what: typeof writeRegistry,
  ): Promise<RegistryWritten> => {
    const made = await document(folder);
    const changes = await what(folderOf(folder), registryFiles(made));
    const versioned = [...made.views, ...made.on_demand];
    const versions = Object.fromEntries(versioned.map(({ name, version }) => [name, version]));
    return { folder: folderOf(folder), versions, ...changes };
  };
  return {
    document,
    write: (folder) => told(folder, writeRegistry),
    pending: (folder) => told(folder, registryChanges),
    async diff(before, after) {
      const older = await readRegistry(before);
      return diffRegistries(
        older,
        after === undefined ? await document() : await readRegistry(after),
      );
    },
  };
}

/** A file, a folder with `registry.json` in it, or an address. */
async function readRegistry(place: string): Promise<RegistryDocument> {
  if (/^https?:\/\//.test(place)) return fetchRegistry(place);
  const path = resolve(place);
  try {
    return parseRegistry(await readFile(path, 'utf8'), place);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EISDIR') throw fileError(path, error);
    const found = await readRegistryFolder(path);
    if (found !== null) return found;
    throw new MillraceError('MR_FILE_NOT_FOUND', `${place} has no registry.json`, {
      fix: 'write it: millrace registry write',
    });
  }
}

async function fetchRegistry(address: string): Promise<RegistryDocument> {
  const url = new URL(address).pathname === '/' ? new URL('/registry.json', address).href : address;
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs) });
    if (reply.ok) return parseRegistry(await reply.text(), url);
    throw unavailable(url, `answered ${reply.status}`);
  } catch (error) {
    throw error instanceof MillraceError ? error : unavailable(url, String(error), error);
  }
}

function unavailable(url: string, what: string, cause?: unknown): MillraceError {
  return new MillraceError('MR_REGISTRY_UNAVAILABLE', `${url}: ${what}`, {
    fix: 'see whether millrace serve runs there, and give the address of its registry.json',
    ...(cause === undefined ? {} : { cause }),
  });
}
