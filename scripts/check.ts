// Runs every check one after the other, one line each, goes on after a failure and ends 1 if any
// was red. With names it runs only those; with --write it first writes the committed reports.
import { type CheckResult, checks, runCheck } from './checks.ts';

async function writeReports(): Promise<boolean> {
  let written = true;
  for (const check of checks.filter(({ write }) => write !== undefined)) {
    const { green, output } = await runCheck(check, { command: check.write ?? [] });
    process.stdout.write(output);
    written &&= green;
  }
  return written;
}

function printResult({ check, green, output, elapsedMs }: CheckResult): void {
  const seconds = (elapsedMs / 1000).toFixed(1).padStart(5);
  console.log(`${green ? 'ok ' : 'RED'} ${check.name.padEnd(8)}${seconds} s  ${check.covers}`);
  if (!green) console.log(output.trimEnd().replace(/^/gm, '      '));
}

async function runChecks(names: readonly string[]): Promise<boolean> {
  const chosen = checks.filter(({ name }) => names.length === 0 || names.includes(name));
  const results: CheckResult[] = [];
  for (const check of chosen) {
    const result = await runCheck(check);
    printResult(result);
    results.push(result);
  }
  const red = results.filter(({ green }) => !green).map(({ check }) => check.name);
  console.log(
    `${results.length - red.length} green, ${red.length} red ${red.join(', ')}`.trimEnd(),
  );
  return red.length === 0;
}

async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.find((name) => !checks.some((check) => check.name === name));
  if (unknown !== undefined) {
    console.error(`no check "${unknown}"; there are: ${checks.map(({ name }) => name).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const green = args.includes('--write') ? await writeReports() : await runChecks(names);
  process.exitCode = green ? 0 : 1;
}

await main(process.argv.slice(2));
