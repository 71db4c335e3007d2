// Words that do not belong in any text of the project: notes to oneself, and traces of the machine
// it was written on (package mirrors, absolute paths).
import { type Finding, type Tree, error, isFixture, lineAt } from './tree.ts';

const textFile = /(\.(ts|tsx|mjs|cjs|js|json|md|yml|yaml|css|html|sql|sh|txt)|(^|\/)[^.]+)$/;
/** Put together from pieces, so that this file passes its own rule. */
const banned: ReadonlyArray<readonly [RegExp, string]> = [
  [
    new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`, 'g'),
    'do it or drop it',
  ],
  [
    new RegExp(`${['artifact', 'registry'].join('')}|\\b${['pkg', 'dev'].join('\\.')}\\b`, 'g'),
    'a package mirror',
  ],
  [new RegExp(`(?<![\\w./-])/${'work'}/`, 'g'), 'a path of one machine'],
];

/** No notes to oneself, package mirrors or machine paths in any text file. */
export function checkWords(tree: Tree): Finding[] {
  const texts = tree.paths.filter((path) => textFile.test(path) && !isFixture(path));
  return texts.flatMap((path) => {
    const text = tree.read(path);
    return banned.flatMap(([pattern, why]) =>
      [...text.matchAll(pattern)].map((match) =>
        error(`${path}:${lineAt(text, match.index)}`, `"${match[0]}": ${why}`),
      ),
    );
  });
}
