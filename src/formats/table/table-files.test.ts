import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv-table.ts';
import { inferTextType } from './infer-type.ts';
import { tableFiles } from './table-files.ts';
import { csvLines } from './text-writer.ts';

const text = { kind: 'string' } as const;

describe('CSV', () => {
  it('reads quotes, doubled quotes, line ends inside quotes and empty cells', () => {
    expect(parseCsv('a,b\r\n"x, y","say ""hi""\nthere"\n,""\n1,\n')).toEqual([
      ['a', 'b'],
      ['x, y', 'say "hi"\nthere'],
      [null, ''],
      ['1', null],
    ]);
  });

  it('skips blank lines, but not the nulls of a single column', () => {
    expect(parseCsv('a,b\n\n1,2\n\n')).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(parseCsv('a\n\n1')).toEqual([['a'], [null], ['1']]);
  });

  it('gives back whatever text was written', () => {
    const cells = fc.array(fc.tuple(cell(), cell()), { maxLength: 8 });
    fc.assert(
      fc.property(cells, (rows) => {
        const names = ['first', 'second'];
        const { header, line } = csvLines(
          names.map((name) => ({ name, type: text, nullable: true })),
        );
        const columns = names.map((_, i) => rows.map((row) => row[i] ?? null));
        const lines = rows.map((_, row) => line(columns, row));
        const given = rows.map(([a, b]) => [a, b]);
        expect(parseCsv(`${[header, ...lines].join('\n')}\n`)).toEqual([names, ...given]);
      }),
    );
  });
});

function cell(): fc.Arbitrary<string | null> {
  const pieces = fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'ü', '1');
  return fc.option(fc.array(pieces, { maxLength: 5 }).map((parts) => parts.join('')));
}

describe('the type of a text column', () => {
  it.each([
    [['1', '-2', null], 'int64'],
    [['1', '2.5'], 'float64'],
    [['1e3', '0.1'], 'float64'],
    [['true', 'false'], 'bool'],
    [['007', '8'], 'string'],
    [['1', 'true'], 'string'],
    [['99999999999999999999'], 'string'],
    [[null], 'string'],
  ])('of %j is %s', (values, kind) => {
    expect(inferTextType(values)).toEqual({ kind });
  });
});

describe('a file of a table', () => {
  it('says what is wrong with its name', async () => {
    await expect(tableFiles.create('x.txt', [])).rejects.toMatchObject({ code: 'MR_FILE_FORMAT' });
    await expect(tableFiles.read('/nowhere/x.csv', new Map())).rejects.toMatchObject({
      code: 'MR_FILE_NOT_FOUND',
    });
  });
});
