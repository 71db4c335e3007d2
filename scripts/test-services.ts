// `npm run test:services`: the tests that start servers. They share a machine with what they start, so
// files with a failed test are run once more, alone, and named at the end if they pass then; a test
// that has no second chance of its own (`retry: 0`) makes the run fail at once.
//   npm run test:services                      all of them
//   npm run test:services -- <file> [options]  as of vitest
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closingLines, type FileResult, filesToRepeat, mergedResults } from './test-results.ts';

const runner = 'node_modules/vitest/vitest.mjs';
const options = ['run', '--config', 'vitest.services.config.ts'];
const folder = mkdtempSync(join(tmpdir(), 'millrace-services-'));

/** Runs vitest; `only`: of the files that it would take, these. */
async function run(only: readonly string[]): Promise<readonly FileResult[] | null> {
  const results = join(folder, 'results.json');
  rmSync(results, { force: true });
  const env = { ...process.env, MILLRACE_TEST_RESULTS: results, MILLRACE_ONLY: only.join('\n') };
  const args = [...process.execArgv, runner, ...options, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  const end = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.on('SIGINT', end).on('SIGTERM', end);
  await new Promise((resolve) => child.once('close', resolve));
  process.off('SIGINT', end).off('SIGTERM', end);
  try {
    return JSON.parse(readFileSync(results, 'utf8')) as FileResult[];
  } catch {
    return null;
  }
}

async function runTwiceAtMost(): Promise<readonly FileResult[] | null> {
  const first = await run([]);
  const files = first === null ? [] : filesToRepeat(first);
  if (first === null || files.length === 0) return first;
  console.log(`\nonce more, alone: ${files.join(', ')}\n`);
  const again = await run(files);
  return again === null ? first : mergedResults(first, again);
}

const results = await runTwiceAtMost();
rmSync(folder, { recursive: true, force: true });
if (results !== null) process.stdout.write(`${closingLines(results).join('\n')}\n`);
process.exitCode = results?.every(({ failed }) => failed === 0) ? 0 : 1;
