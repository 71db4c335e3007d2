// The house rules that no other tool checks. Prints every finding and ends 1 if one is an error.
// Each rule family is a file in scripts/tidy/; style and reasons are in ARCHITECTURE.md and docs/adr.
import {
  checkCommands,
  checkLayerTable,
  checkLinks,
  checkQuotedExamples,
  checkRoleTable,
  checkScripts,
} from './tidy/doc-rules.ts';
import { checkErrorCodes } from './tidy/error-rules.ts';
import { checkPublicNames } from './tidy/export-rules.ts';
import {
  checkFileSizes,
  checkFolderSizes,
  checkKnownLayers,
  checkNames,
} from './tidy/layout-rules.ts';
import { checkCompiler, checkVersions } from './tidy/package-rules.ts';
import { checkFunctionSizes, checkHeaders, checkTime } from './tidy/source-rules.ts';
import { checkWords } from './tidy/text-rules.ts';
import { type Rule, treeOnDisk } from './tidy/tree.ts';

const rules: Readonly<Record<string, Rule>> = {
  names: checkNames,
  'file-size': checkFileSizes,
  'folder-size': checkFolderSizes,
  'known-layer': checkKnownLayers,
  header: checkHeaders,
  time: checkTime,
  'function-size': checkFunctionSizes,
  'error-codes': checkErrorCodes,
  words: checkWords,
  versions: checkVersions,
  compiler: checkCompiler,
  'layer-table': checkLayerTable,
  'role-table': checkRoleTable,
  links: checkLinks,
  scripts: checkScripts,
  commands: checkCommands,
  'quoted-examples': checkQuotedExamples,
  'public-names': checkPublicNames,
};

/** Runs the rules named on the command line, or all. */
function main(): void {
  const chosen = process.argv.slice(2).filter((name) => name in rules);
  const tree = treeOnDisk('.');
  let errors = 0;
  for (const [name, rule] of Object.entries(rules)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    for (const { level, where, message } of rule(tree)) {
      if (level === 'error') errors += 1;
      console.log(`${level} ${name}: ${where}: ${message}`);
    }
  }
  console.log(`tidy: ${tree.paths.length} files, ${errors} errors`);
  process.exitCode = errors > 0 ? 1 : 0;
}

main();
