import { expect, test } from 'vitest';
import type { BytesBuilder } from '../column-builder.ts';
import { columnOfKind, ensureRows } from '../column-builder.ts';
import { ExtraText } from './extra-text.ts';

const utf8 = new TextEncoder();

test('rows of the input and rows that are not in it stand side by side, batch after batch', () => {
  const builder = columnOfKind('bytes') as BytesBuilder;
  const extra = new ExtraText();
  const text = (row: number): string =>
    Buffer.from(builder.data.subarray(builder.starts[row], builder.ends[row])).toString();
  for (const word of ['default', 'x'.repeat(200), '']) {
    ensureRows(builder, 4);
    const input = utf8.encode('..first..second');
    builder.data = input;
    extra.begin();
    builder.starts.set([2, 0, 9, 0]);
    builder.ends.set([7, 0, 15, 0]);
    extra.put(builder, 1, utf8.encode(word));
    extra.put(builder, 3, utf8.encode('é'));
    extra.finish(builder, 4);
    expect([0, 1, 2, 3].map(text)).toEqual(['first', word, 'second', 'é']);
    expect(builder.data).not.toBe(input);
  }
  builder.data = utf8.encode('only');
  extra.begin();
  builder.starts.set([0]);
  builder.ends.set([4]);
  extra.finish(builder, 1);
  expect(text(0)).toBe('only');
});
