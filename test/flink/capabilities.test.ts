// docs/flink.md says what the compiler does. MILLRACE_UPDATE_GOLDENS=1 writes its table anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { capabilityTable } from './capabilities.ts';

const path = new URL('../../docs/flink.md', import.meta.url);
const marks = ['<!-- what each target can do: made from the compiler -->', '<!-- end -->'] as const;

it('the table of docs/flink.md is what the compiler does', () => {
  const text = readFileSync(path, 'utf8');
  const [from, to] = marks.map((mark) => text.indexOf(mark)) as [number, number];
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from);
  const start = from + marks[0].length;
  const table = `\n${capabilityTable()}\n`;
  if (process.env['MILLRACE_UPDATE_GOLDENS'] === '1') {
    writeFileSync(path, text.slice(0, start) + table + text.slice(to));
  }
  expect(readFileSync(path, 'utf8')).toContain(marks[0] + table + marks[1]);
});
