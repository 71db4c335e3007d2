// Reports that are committed: written by default, only compared under --check.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The first line in which two texts differ, for a message that shows what changed. */
function firstDifference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const index = now.findIndex((line, at) => line !== old[at]);
  const at = index === -1 ? now.length : index;
  return `line ${at + 1}\n  committed: ${old[at] ?? '(end)'}\n  now:       ${now[at] ?? '(end)'}`;
}

/** Writes `text` to `path`, or with --check compares; false if the committed file is not current. */
export function writeOrCompare(path: string, text: string): boolean {
  const before = readIfPresent(path);
  if (before === text) return true;
  if (process.argv.includes('--check')) {
    console.error(
      `${path} is not current (run \`npm run reports\`): ${firstDifference(before, text)}`,
    );
    return false;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
  return true;
}
