// Writes a new project. Never touches a folder that already holds something.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { sampleLabels, samplePurchases } from './sample-purchases.ts';
import {
  compilerFile,
  configFile,
  featuresFile,
  ignoreFile,
  packageFile,
  readmeFile,
} from './template-files.ts';

export interface InitResult {
  readonly directory: string;
  /** Paths of the files written, relative to the directory. */
  readonly files: readonly string[];
}

const users = 200;

/** Creates a small working project with data in `directory`. Errors: MR_CONFIG_INVALID, MR_FILE_ACCESS. */
export async function initProject(directory: string): Promise<InitResult> {
  await refuseOccupied(directory);
  const files: Readonly<Record<string, string>> = {
    'package.json': packageFile(await millraceVersion(directory)),
    'tsconfig.json': compilerFile,
    'millrace.config.ts': configFile,
    'features/shop.ts': featuresFile,
    'data/purchases.jsonl': samplePurchases({ events: 20_000, users, seed: 1 }),
    'data/labels.csv': sampleLabels({ events: 1000, users, seed: 2 }),
    'README.md': readmeFile,
    '.gitignore': ignoreFile,
  };
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
  } catch (error) {
    throw accessError(directory, error);
  }
  return { directory, files: Object.keys(files) };
}

async function refuseOccupied(directory: string): Promise<void> {
  const found = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw accessError(directory, error);
  });
  const shown = found.slice(0, 3).join(', ') + (found.length > 3 ? ', …' : '');
  if (found.length === 0) return;
  throw new MillraceError('MR_CONFIG_INVALID', `the folder is not empty: it holds ${shown}`, {
    context: { path: directory },
    fix: 'name a new folder: millrace init my-features',
  });
}

function accessError(directory: string, error: unknown): MillraceError {
  const reason = error instanceof Error ? error.message : String(error);
  return new MillraceError('MR_FILE_ACCESS', `cannot write the project: ${reason}`, {
    context: { path: directory },
    fix: 'name a folder that you may write to',
    cause: error,
  });
}

/** The published version, or the clone that this runs from. */
async function millraceVersion(directory: string): Promise<string> {
  const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  if (!root.split(sep).includes('node_modules')) return `file:${relative(directory, root)}`;
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
