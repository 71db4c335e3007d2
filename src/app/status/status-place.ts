// Where a job's status lies: beside its checkpoints, or beside its state files when a run takes none.
// It is replaced whole and not made durable: after a crash of the machine an older one will do.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  checkpointFileError,
  codeOf,
} from '../../adapters/file/checkpoint/checkpoint-file-error.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from '../recovery/checkpoint-place.ts';
import { parseStatus, type StatusDocument } from './status-document.ts';

export interface StatusPlace {
  /** For people. */
  readonly description: string;
  /** How often it is written there. */
  readonly intervalMs: number;
  write(document: StatusDocument): Promise<void>;
  /** Null: there is none. Throws MR_CHECKPOINT_ACCESS when it may not be read. */
  read(): Promise<StatusDocument | null>;
}

/** As often as the lease there is renewed. */
const bucketIntervalMs = 10_000;
const fileIntervalMs = 2000;

/** Null: `takesCheckpoints`, and the environment has none. */
export function statusPlace(
  project: ResolvedProject,
  takesCheckpoints: boolean,
): StatusPlace | null {
  const { settings, baseDirectory } = project;
  const job = jobName(project);
  if (!takesCheckpoints) {
    return fileAt(join(resolve(baseDirectory, settings.state.directory), `${job}.status.json`));
  }
  if (settings.checkpoints === null) return null;
  const { directory } = settings.checkpoints;
  if (directory.startsWith('s3://')) return objectOf(project, `${job}/status.json`);
  return fileAt(join(resolve(baseDirectory, directory), job, 'status.json'));
}

let writes = 0;

function fileAt(path: string): StatusPlace {
  return {
    description: path,
    intervalMs: fileIntervalMs,
    async write(document) {
      writes += 1;
      const temporary = join(dirname(path), `.tmp-status-${process.pid}-${writes}`);
      await mkdir(dirname(path), { recursive: true });
      try {
        await writeFile(temporary, textOf(document));
        await rename(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async read() {
      try {
        return parseStatus(await readFile(path, 'utf8'));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw checkpointFileError(path, error);
      }
    },
  };
}

function objectOf(project: ResolvedProject, name: string): StatusPlace {
  const storage = checkpointStorageOf(project);
  return {
    description: `${storage.description}, ${name}`,
    intervalMs: bucketIntervalMs,
    async write(document) {
      await storage.write(name, new TextEncoder().encode(textOf(document)));
    },
    async read() {
      const stored = await storage.read(name);
      return stored === null ? null : parseStatus(new TextDecoder().decode(stored.bytes));
    },
  };
}

function textOf(document: StatusDocument): string {
  return `${JSON.stringify(document, null, 1)}\n`;
}
