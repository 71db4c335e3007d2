import { expect, it } from 'vitest';
import { readRow } from '../columns/read-value.ts';
import type { RowType } from '../kernel/types/field-type.ts';
import type { RecordError } from '../ports/dead-letter-sink.ts';
import { scriptedSource } from './scripted-source.ts';
import { virtualClock } from './virtual-clock.ts';

const rowType: RowType = { fields: [{ name: 'n', type: { kind: 'int64' }, nullable: true }] };

async function openSplits(source: ReturnType<typeof scriptedSource>) {
  return source.open({
    stream: 's',
    rowType,
    eventTimeField: 'n',
    startAt: new Map(),
    formats: new Map(),
    clock: virtualClock(),
    baseDirectory: '.',
    signal: new AbortController().signal,
  });
}

it('plays rows, errors, silence and failures of a split in order, then ends', async () => {
  const error: RecordError = {
    code: 'MR_DATA_MALFORMED',
    category: 'deserialization',
    message: 'broken',
    offset: 0,
    bytes: new Uint8Array(),
  };
  const row = (n: bigint | null) => ({ kind: 'row', row: { n } }) as const;
  const [split] = await openSplits(
    scriptedSource({
      splits: {
        p0: [
          row(1n),
          { kind: 'error', error },
          row(null),
          row(9007199254740993n),
          { kind: 'empty' },
          { kind: 'throw', error: new Error('down') },
        ],
      },
    }),
  );
  const seen: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    const read = await split?.next(3);
    if (read?.kind !== 'rows') throw new Error('rows were scripted');
    const { batch, errors } = read;
    seen.push(
      Array.from({ length: batch.rowCount }, (_, at) => [
        batch.offsets[at],
        readRow(batch.columns, batch.fields, at),
      ]),
      errors.map(({ offset }) => offset),
    );
  }
  expect(seen).toEqual([
    [
      [0, { n: 1n }],
      [2, { n: null }],
    ],
    [1],
    [[3, { n: 9007199254740993n }]],
    [],
  ]);
  expect(await split?.next(3)).toEqual({ kind: 'empty' });
  await expect(split?.next(3)).rejects.toThrow('down');
  expect(await split?.next(3)).toEqual({ kind: 'end' });
});

it('an unbounded script never ends', async () => {
  const [split] = await openSplits(scriptedSource({ splits: { p0: [] }, bounded: false }));
  expect(await split?.next(1)).toEqual({ kind: 'empty' });
});
