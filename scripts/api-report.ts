// Writes docs/api/millrace.api.md: every public name with its declaration, so that a change of the
// public surface is seen in review. With --check it only compares with the committed file.
import { pathToFileURL } from 'node:url';
import { type EntryPoint, readPublicApi } from './public-api.ts';
import { writeOrCompare } from './written-report.ts';

/** The report as Markdown: one section for each entry point, one block of declarations in it. */
export function renderReport(entries: readonly EntryPoint[]): string {
  const sections = entries.flatMap(({ specifier, names }) => {
    const declarations = names.flatMap((name) =>
      name.declarations.length > 0 ? name.declarations : [`// ${name.name}: no declaration found`],
    );
    return [`## ${specifier}`, '', '```ts', ...new Set(declarations), '```', ''];
  });
  const head = 'Generated from the sources by `npm run reports`; do not edit.';
  return ['# Public API', '', head, '', ...sections].join('\n');
}

function main(): void {
  const entries = readPublicApi();
  const names = entries.reduce((sum, entry) => sum + entry.names.length, 0);
  const current = writeOrCompare('docs/api/millrace.api.md', renderReport(entries));
  console.log(`api report: ${names} names in ${entries.length} entry points`);
  process.exitCode = current ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
