import { expect, it } from 'vitest';
import { groupOffsets, partitionOffsets } from './group-offsets.ts';

const topics = [
  { stream: 'clicks', topic: 'raw-1', group: 'g' },
  { stream: 'orders', topic: 'orders', group: 'other' },
];

it('offsets come from the positions of splits, by topic and partition', () => {
  const positions = {
    clicks: {
      'raw-1-0': { offset: 17, leaderEpoch: 3, topicId: 'x' },
      'raw-1-12': { offset: '9007199254740993' },
      'raw-2-0': { offset: 1 },
      'raw-1-3': null,
    },
    files: { 'a.jsonl': { byte: 4 } },
  };
  expect(partitionOffsets(topics, positions)).toEqual([
    { group: 'g', topic: 'raw-1', partition: 0, offset: 17n, leaderEpoch: 3 },
    { group: 'g', topic: 'raw-1', partition: 12, offset: 9007199254740993n, leaderEpoch: -1 },
  ]);
});

it('offsets go to their groups, each with the note', () => {
  const place = { topic: 't', offset: 1n, leaderEpoch: -1 };
  const given = [
    { ...place, group: 'a', partition: 0 },
    { ...place, group: 'b', partition: 0 },
    { ...place, group: 'a', partition: 1 },
  ];
  const [a, b, ...others] = groupOffsets(given, 'note');
  expect(others).toEqual([]);
  expect(a).toMatchObject({ group: 'a', topics: [{ name: 't' }] });
  expect(a?.topics[0]?.partitions.map((p) => [p.partitionIndex, p.committedMetadata])).toEqual([
    [0, 'note'],
    [1, 'note'],
  ]);
  expect(b).toMatchObject({ group: 'b', topics: [{ partitions: [{ committedOffset: 1n }] }] });
});
