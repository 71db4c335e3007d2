import { describe, expect, it } from 'vitest';
import {
  committedCheckpoint,
  markedOffsets,
  markText,
  movedOffsets,
  type NotedOffset,
} from './commit-mark.ts';

const at = (partition: number, metadata: string, offset = 10n): NotedOffset => ({
  group: 'shop',
  topic: 'purchases',
  partition,
  offset,
  metadata,
});
const mark = (checkpoint: number): string => markText('shop', checkpoint);

describe('the checkpoint that committed offsets name', () => {
  it.each<[string, readonly NotedOffset[], number | null]>([
    ['is none without offsets', [], null],
    ['is none without notes', [at(0, ''), at(1, 'by hand'), at(2, '7'), at(3, 'null')], null],
    ['is none with notes of another job', [at(0, markText('other', 7))], null],
    ['is that of all', [at(0, mark(7)), at(1, mark(7))], 7],
    [
      'is the newest: an older one is of a topic that was not read for a while',
      [at(0, mark(7)), at(1, mark(9))],
      9,
    ],
    ['may be the beginning', [at(0, mark(0))], 0],
  ])('%s', (_, noted, id) => {
    expect(committedCheckpoint('shop', noted)).toBe(id);
  });

  it('is on those that the job has committed', () => {
    expect(markedOffsets('shop', [at(0, ''), at(1, mark(1)), at(2, markText('b', 1))])).toEqual([
      at(1, mark(1)),
    ]);
  });

  it('fits into the metadata of an offset', () => {
    expect(markText('j'.repeat(200), Number.MAX_SAFE_INTEGER).length).toBeLessThan(4096);
  });
});

describe('offsets that somebody has moved', () => {
  const expected = [0, 1].map((partition) => ({ ...at(partition, ''), leaderEpoch: 3 }));

  it('are found, also when they are gone', () => {
    expect(movedOffsets([at(0, mark(7)), at(1, mark(7)), at(2, '')], expected)).toEqual([]);
    expect(movedOffsets([at(0, '', 4n)], expected)).toEqual([
      'purchases-0 from 10 to 4',
      'purchases-1 from 10 to none',
    ]);
  });
});
