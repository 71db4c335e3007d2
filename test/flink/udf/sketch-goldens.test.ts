// Sketches of the engine against a file that the Java functions are tested with too: equal inputs have
// equal bytes on both sides. MILLRACE_UPDATE_GOLDENS=1 writes it anew, which changes kept state.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { caseLine, sketchCases, sketchOf, stagedSketchOf } from './sketch-cases.ts';

const path = new URL('../../../flink-udf/src/test/resources/sketches.tsv', import.meta.url);
const cases = sketchCases(7);

it('sketches have the bytes and the answers that are kept', () => {
  const lines = cases.map(caseLine).join('');
  if (process.env['MILLRACE_UPDATE_GOLDENS'] === '1') writeFileSync(path, lines);
  expect(lines).toBe(readFileSync(path, 'utf8'));
});

it.each(cases.filter(({ fn }) => fn === 'approxDistinct'))(
  '$name: a column has the sketch of its values',
  (one) => {
    expect(stagedSketchOf(one).toBytes()).toEqual(sketchOf(one).toBytes());
  },
);
