// Public names: every entry point exists, and everything it exports says what it does.
import { entryFiles, readPublicApi } from '../public-api.ts';
import { type Finding, type Tree, error } from './tree.ts';

/** Each entry point of package.json has its source, and each exported name a docstring. */
export function checkPublicNames(tree: Tree): Finding[] {
  const absent = [...entryFiles()].filter(([, file]) => !tree.paths.includes(file));
  const bare = readPublicApi().flatMap(({ specifier, names }) =>
    names
      .filter(({ documented }) => !documented)
      .map(({ name, where }) =>
        error(where, `${name}, exported by ${specifier}, has no docstring`),
      ),
  );
  return [
    ...absent.map(([specifier, file]) => error('package.json', `${specifier}: no file ${file}`)),
    ...new Map(bare.map((finding) => [finding.where + finding.message, finding])).values(),
  ];
}
