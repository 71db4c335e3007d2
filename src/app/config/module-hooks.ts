// How a project's modules are found: `millrace` and `millrace/*` are this package, wherever the
// importing file lies, so that definitions and the engine share one copy. A project file is TypeScript
// or JavaScript of ES modules. Each generation of imports gets fresh modules (`?generation=2`), so that
// a running process can load a changed project again.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';

const isFromSource = import.meta.url.endsWith('.ts');
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const generationParam = 'generation';

type Conditions = Readonly<Record<string, string>>;

/** `millrace/file` → URL of its module in this package, sources or build alike. */
function entryUrls(): ReadonlyMap<string, string> {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8');
  const manifest = JSON.parse(text) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, Conditions | string>>;
  };
  const urls = new Map<string, string>();
  for (const [path, target] of Object.entries(manifest.exports)) {
    const file =
      typeof target === 'string' ? target : target[isFromSource ? 'millrace-src' : 'default'];
    if (file !== undefined) {
      urls.set(manifest.name + path.slice(1), pathToFileURL(join(packageRoot, file)).href);
    }
  }
  return urls;
}

let isRegistered = false;
let lastLoaded: string | null = null;

/** Path of the project file that was loaded last: the one that does not compile, when one does not. */
export function lastLoadedFile(): string | null {
  return lastLoaded;
}

/** Makes imports of project files resolve as described above; once per process. */
export function registerProjectModules(): void {
  if (isRegistered) return;
  isRegistered = true;
  const entries = entryUrls();
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const entry = entries.get(specifier);
      if (entry !== undefined) return { url: entry, shortCircuit: true };
      if (specifier.startsWith('millrace/')) throw unknownEntry(specifier, [...entries.keys()]);
      const resolved = nextResolve(specifier, context);
      const generation = generationOf(context.parentURL);
      if (generation === null || !isProjectFile(resolved.url)) return resolved;
      const format = formatOf(resolved.url) ?? resolved.format ?? null;
      return { ...resolved, url: withGeneration(resolved.url, generation), format };
    },
    load(url, context, nextLoad) {
      if (generationOf(url) !== null) lastLoaded = fileURLToPath(url);
      return nextLoad(url, context);
    },
  });
}

function unknownEntry(specifier: string, known: readonly string[]): MillraceError {
  return new MillraceError('MR_CONFIG_INVALID', `millrace has no entry "${specifier}"`, {
    fix: suggestName(specifier, known),
  });
}

/** The URL under which a project's file is imported for the `generation`th time. */
export function projectModuleUrl(path: string, generation: number): string {
  return withGeneration(pathToFileURL(path).href, String(generation));
}

function withGeneration(url: string, generation: string): string {
  const result = new URL(url);
  result.searchParams.set(generationParam, generation);
  return result.href;
}

function generationOf(url: string | undefined): string | null {
  return url === undefined || !url.startsWith('file:')
    ? null
    : new URL(url).searchParams.get(generationParam);
}

function isProjectFile(url: string): boolean {
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return false;
  const path = fileURLToPath(url);
  return (
    !path.startsWith(join(packageRoot, 'src/')) && !path.startsWith(join(packageRoot, 'dist/'))
  );
}

function formatOf(url: string): string | undefined {
  const path = new URL(url).pathname;
  if (path.endsWith('.ts') || path.endsWith('.mts')) return 'module-typescript';
  return path.endsWith('.js') || path.endsWith('.mjs') ? 'module' : undefined;
}
