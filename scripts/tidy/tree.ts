// The files that tidy looks at, behind a small interface, so that a rule runs over a made-up tree in
// a test exactly as over the real one.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Tree {
  /** Every file, relative to the root, with `/`, sorted. */
  readonly paths: readonly string[];
  /** The text of a file; empty if it is gone. */
  read(path: string): string;
}

export interface Finding {
  /** Notes are printed and do not fail the run. */
  readonly level: 'error' | 'note';
  /** `path` or `path:line`. */
  readonly where: string;
  readonly message: string;
}

/** A rule family: looks at the whole tree and says what is wrong with it. */
export type Rule = (tree: Tree) => Finding[];

const skipped = new Set(['node_modules', 'dist', '.git', '.millrace', 'coverage', 'tmp']);

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(entry.name)) return [];
    if (entry.isDirectory()) return listFiles(root, path);
    return entry.isFile() ? [path] : [];
  });
}

/** The tree on disk below `root`, each file read at most once. */
export function treeOnDisk(root: string): Tree {
  const texts = new Map<string, string>();
  function readFresh(path: string): string {
    try {
      return readFileSync(join(root, path), 'utf8');
    } catch {
      return '';
    }
  }
  return {
    paths: listFiles(root, '').sort(),
    read(path) {
      const text = texts.get(path) ?? readFresh(path);
      texts.set(path, text);
      return text;
    },
  };
}

/** A tree in memory, for tests of rules. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return { paths: Object.keys(files).sort(), read: (path) => files[path] ?? '' };
}

export function error(where: string, message: string): Finding {
  return { level: 'error', where, message };
}

export function note(where: string, message: string): Finding {
  return { level: 'note', where, message };
}

export function isTest(path: string): boolean {
  return /\.test(-d)?\.ts$/.test(path);
}

/** Recorded data, which no rule about our own text or names applies to. */
export function isFixture(path: string): boolean {
  return /(^|\/)(fixtures|__snapshots__|results)\//.test(path);
}

/** Sources of the package itself: src/ without tests. */
export function isSource(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts') && !isTest(path) && !isFixture(path);
}

/** The line, from 1, in which `index` of `text` lies. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
