// The layer table of ARCHITECTURE.md, as data: the only place where a dependency between folders of
// src/ is allowed. The import rules, the import graph and tidy all read it. Tests are not bound by it.

/** One folder of src/, or one family of folders (`adapters/*`: each member is bound on its own). */
export interface Layer {
  readonly folder: string;
  readonly level: number;
  /** Folders it may import from besides itself; `below` means every folder of a lower level. */
  readonly mayImport: readonly string[] | 'below';
  /** Packages it may import: names, or `any`. */
  readonly packages?: readonly string[] | 'any';
  /** Packages of which it may use only the types. */
  readonly typePackages?: readonly string[];
  /** True if it does no input or output at all: no Node module that reaches outside the process. */
  readonly pure?: boolean;
}

export const layers: readonly Layer[] = [
  { folder: 'kernel', level: 0, mayImport: [], pure: true },
  { folder: 'columns', level: 1, mayImport: ['kernel'], pure: true },
  { folder: 'sketch', level: 1, mayImport: ['kernel'], pure: true },
  { folder: 'plan', level: 1, mayImport: ['kernel'], pure: true },
  { folder: 'ports', level: 1, mayImport: ['kernel', 'columns'], pure: true },
  {
    folder: 'define',
    level: 2,
    mayImport: ['kernel', 'plan', 'ports'],
    typePackages: ['zod'],
    pure: true,
  },
  {
    folder: 'codegen',
    level: 2,
    mayImport: ['kernel', 'plan', 'columns', 'sketch'],
    pure: true,
  },
  {
    folder: 'engine',
    level: 2,
    mayImport: ['kernel', 'columns', 'sketch', 'plan', 'ports', 'codegen'],
  },
  { folder: 'flink', level: 2, mayImport: ['kernel', 'plan'] },
  { folder: 'sql', level: 2, mayImport: ['kernel', 'plan'], pure: true },
  {
    folder: 'formats/*',
    level: 2,
    mayImport: ['kernel', 'columns', 'ports'],
    packages: 'any',
  },
  {
    folder: 'adapters/*',
    level: 2,
    mayImport: ['kernel', 'columns', 'ports'],
    packages: 'any',
  },
  {
    folder: 'serve',
    level: 3,
    mayImport: ['kernel', 'columns', 'plan', 'ports', 'codegen'],
    packages: ['fastify', 'pino'],
  },
  {
    folder: 'offline',
    level: 3,
    mayImport: ['kernel', 'columns', 'plan', 'ports', 'codegen', 'engine'],
  },
  { folder: 'client', level: 3, mayImport: ['kernel', 'plan', 'define'], pure: true },
  { folder: 'observe', level: 3, mayImport: ['kernel', 'plan', 'ports'] },
  {
    folder: 'testing',
    level: 3,
    mayImport: ['kernel', 'columns', 'plan', 'ports', 'define', 'engine', 'adapters/memory'],
    packages: ['fast-check', 'vitest'],
  },
  { folder: 'app', level: 4, mayImport: 'below' },
  { folder: 'cli', level: 5, mayImport: 'below', packages: ['commander'] },
  { folder: 'console-api', level: 5, mayImport: 'below' },
];

/** The layer that a path below src/ belongs to; undefined for `index.ts` and unknown folders. */
export function layerOf(pathInSrc: string): Layer | undefined {
  const [first = '', second = ''] = pathInSrc.split('/');
  return layers.find(({ folder }) =>
    folder.endsWith('/*')
      ? folder === `${first}/*` && second !== ''
      : folder === first && second !== '',
  );
}

/** The folder of src/ that a path below it counts for: `kernel`, `adapters/kafka`. */
export function folderOf(pathInSrc: string): string {
  const [first = '', second = ''] = pathInSrc.split('/');
  return layerOf(pathInSrc)?.folder.endsWith('/*') === true ? `${first}/${second}` : first;
}

/** What `layer` may import, spelt out: `below` becomes the folders of the lower levels. */
export function allowedFolders(layer: Layer): readonly string[] {
  if (layer.mayImport !== 'below') return layer.mayImport;
  return layers.filter(({ level }) => level < layer.level).map(({ folder }) => folder);
}
