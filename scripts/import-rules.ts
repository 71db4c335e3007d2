// Runs the import rules over the tree in the current directory and names every violation.
// A run that sees too few modules fails: that is how a broken TypeScript set-up would look green.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

export interface Dependency {
  readonly resolved: string;
  readonly dependencyTypes: readonly string[];
}

export interface Module {
  readonly source: string;
  readonly dependencies: readonly Dependency[];
}

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
  readonly cycle?: ReadonlyArray<{ readonly name: string }>;
}

/** What a run saw: modules with what they import, and the rules they break. */
export interface CruiseResult {
  readonly modules: readonly Module[];
  readonly summary: { readonly violations: readonly Violation[]; readonly totalCruised: number };
}

const folders = ['src', 'test', 'examples', 'bench', 'scripts'];

/** Reads the imports of the tree in the current directory and applies the rules to them. */
export function cruise(): CruiseResult {
  const script = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs';
  const present = folders.filter((folder) => existsSync(folder));
  const args = [script, ...present, '--output-type', 'json'];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser failed: ${run.stderr}`);
  return JSON.parse(run.stdout) as CruiseResult;
}

/** Sources that were seen: modules below src/ that are not tests. */
export function sourceModules(result: CruiseResult): readonly Module[] {
  return result.modules.filter(
    ({ source }) => source.startsWith('src/') && !/\.test(-d)?\.ts$/.test(source),
  );
}

function describeViolation({ from, to, rule, cycle }: Violation): string {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ');
  return `${rule.name}: ${from} → ${path}`;
}

/** Problems of a run, one line each: broken rules, and a count of sources below `sourcesMin`. */
export function problemsOf(result: CruiseResult, sourcesMin: number): string[] {
  const problems = result.summary.violations.map(describeViolation);
  const seen = sourceModules(result).length;
  if (seen < sourcesMin)
    problems.push(`only ${seen} sources seen, expected at least ${sourcesMin}`);
  return problems;
}

/** The least number of sources to be seen; `--sources-min N` asks for another. */
function sourcesMin(): number {
  const { values } = parseArgs({ options: { 'sources-min': { type: 'string', default: '40' } } });
  return Number(values['sources-min']);
}

function main(): void {
  const result = cruise();
  const problems = problemsOf(result, sourcesMin());
  for (const problem of problems) console.error(problem);
  const seen = sourceModules(result).length;
  console.log(`import rules: ${seen} sources seen, ${problems.length} problems`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
