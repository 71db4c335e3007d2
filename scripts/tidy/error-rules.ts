// Error codes: what the sources use, what the catalogue lists and what docs/errors.md explains are
// the same set.
import { type Finding, type Tree, error, isSource, lineAt } from './tree.ts';

const catalogue = 'src/kernel/errors/catalogue.ts';
const guide = 'docs/errors.md';

/** The codes that match `pattern` (its first group) in a file, with the place of the first use. */
function codesIn(tree: Tree, path: string, pattern: RegExp): Map<string, string> {
  const text = tree.read(path);
  const codes = new Map<string, string>();
  for (const match of text.matchAll(pattern)) {
    const code = match[1] ?? '';
    if (!codes.has(code)) codes.set(code, `${path}:${lineAt(text, match.index)}`);
  }
  return codes;
}

function usedCodes(tree: Tree): Map<string, string> {
  const used = new Map<string, string>();
  for (const path of tree.paths.filter((p) => isSource(p) && p !== catalogue)) {
    for (const [code, where] of codesIn(tree, path, /['"`](MR_[A-Z0-9_]+)['"`]/g)) {
      if (!used.has(code)) used.set(code, where);
    }
  }
  return used;
}

/** The codes of `have` that `wanted` lacks: one finding for each place, or one for a whole file. */
function missing(
  have: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
  complaint: string,
): Finding[] {
  const lacking = [...have].filter(([code]) => !wanted.has(code));
  const byFile = Map.groupBy(lacking, ([, where]) => where.slice(0, where.lastIndexOf(':')));
  return [...byFile].map(([path, entries]) => {
    const [[, where] = ['', path]] = entries;
    const codes = entries.map(([code]) => code).join(', ');
    return error(entries.length === 1 ? where : path, `${codes}: ${complaint}`);
  });
}

/** Every code used is listed, every code listed is used, and both are explained. */
export function checkErrorCodes(tree: Tree): Finding[] {
  const used = usedCodes(tree);
  const listed = codesIn(tree, catalogue, /^\s*['"]?(MR_[A-Z0-9_]+)['"]?\s*:/gm);
  const explained = codesIn(tree, guide, /^### `?(MR_[A-Z0-9_]+)`?\s*$/gm);
  return [
    ...missing(used, listed, `not in ${catalogue}`),
    ...missing(listed, used, 'never used in src, so never to be promised'),
    ...missing(listed, explained, `no entry "### CODE" in ${guide}`),
    ...missing(explained, listed, `explained, and not in ${catalogue}`),
  ];
}
