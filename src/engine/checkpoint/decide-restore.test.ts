import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import { manifestOf } from '../../testing/manifests.ts';
import {
  type Candidate,
  decideRestore,
  missingFile,
  type NamedCheckpoint,
} from './decide-restore.ts';
import { corrupt } from './manifest-codec.ts';

const good = (id: number): Candidate => ({ id, manifest: manifestOf(id), error: null });
const bad = (id: number): Candidate => ({
  id,
  manifest: null,
  error: corrupt(`m${id}`, 'it is cut short'),
});
const newer = (id: number): Candidate => ({
  id,
  manifest: null,
  error: new MillraceError('MR_CHECKPOINT_VERSION', `m${id} has format 9`),
});

const authority = {
  sink: 'out',
  hadCommitted: (state: JsonValue) => state === 'committed before',
};

/** One in which the sink that decides took part. */
function withSink(id: number, state: 'first' | 'committed before'): Candidate {
  return { id, manifest: { ...manifestOf(id), sinks: { out: state } }, error: null };
}

/** A decision in a line. */
function decided(
  candidates: readonly Candidate[],
  given?: number | Partial<NamedCheckpoint>,
): string {
  const partial = typeof given === 'number' ? { id: given } : given;
  const named = partial === undefined ? null : { ...authority, id: null, ...partial };
  const decision = decideRestore('job', candidates, named);
  switch (decision.kind) {
    case 'nothing':
      return 'nothing';
    case 'stop':
      return `stop ${decision.error.code}`;
    case 'restore':
      return `restore ${[decision.manifest.id, ...decision.refused.map(({ id }) => -id)].join(' ')}`;
  }
}

describe('the checkpoint to go on from', () => {
  it.each<[string, readonly Candidate[], string]>([
    ['none ever', [], 'nothing'],
    ['one', [good(1)], 'restore 1'],
    ['the newest, however they are listed', [good(9), good(10), good(2)], 'restore 10'],
    ['the next older, with the refused ones named', [good(1), bad(3), good(2)], 'restore 2 -3'],
    ['newer refused ones only', [bad(1), good(2), bad(5), bad(4)], 'restore 2 -5 -4'],
    ['never silently nothing', [bad(1), bad(2)], 'stop MR_CHECKPOINT_CORRUPT'],
    ['never behind one of a newer version', [good(1), newer(2)], 'stop MR_CHECKPOINT_VERSION'],
    ['nor with an old one of a newer version', [newer(1), good(2)], 'stop MR_CHECKPOINT_VERSION'],
  ])('%s', (_, candidates, expected) => {
    expect(decided(candidates)).toBe(expected);
  });

  it.each<[string, readonly Candidate[], string]>([
    ['is that one', [good(1), good(2)], 'restore 2'],
    ['is that one although newer ones are there', [good(2), good(3)], 'restore 2'],
    ['may be behind damaged ones', [good(2), bad(3)], 'restore 2'],
    ['stops the job when it is damaged', [good(1), bad(2)], 'stop MR_CHECKPOINT_REQUIRED'],
    ['stops the job when it is missing', [good(1), good(3)], 'stop MR_CHECKPOINT_REQUIRED'],
    ['stops the job when there are none', [], 'stop MR_CHECKPOINT_REQUIRED'],
  ])('that an exactly-once sink names %s', (_, candidates, expected) => {
    expect(decided(candidates, 2)).toBe(expected);
  });

  const first = withSink(3, 'first');
  const later = withSink(3, 'committed before');
  const lost = { problem: 'somebody has moved its offsets' };
  const accepts = { acceptsDuplicates: true };

  it.each<[string, readonly Candidate[], Partial<NamedCheckpoint>, string]>([
    ['knows of none: there was none', [], {}, 'nothing'],
    ['knows of none: those before it took part count', [good(1), good(2)], {}, 'restore 2'],
    ['knows of none: its first one does not count', [good(2), first], {}, 'restore 2'],
    ['knows of none: nor does it when it is the only one', [first], {}, 'nothing'],
    ['knows of none, but did', [good(2), later], {}, 'stop MR_CHECKPOINT_REQUIRED'],
    ['does not know any more', [good(2), first], lost, 'stop MR_CHECKPOINT_REQUIRED'],
    ['does not know any more, and there is none', [], lost, 'stop MR_CHECKPOINT_REQUIRED'],
    ['knows that the job began anew', [withSink(3, 'committed before')], { id: 0 }, 'nothing'],
  ])('of a sink that decides and %s', (_, candidates, named, expected) => {
    expect(decided(candidates, named)).toBe(expected);
  });

  it.each<[string, readonly Candidate[], Partial<NamedCheckpoint>, string]>([
    ['is still the named one', [good(2), good(3)], { id: 2 }, 'restore 2'],
    ['is an older one', [good(1), bad(2), good(3)], { id: 2 }, 'restore 1 -2'],
    ['is an older one when it is missing', [good(1), good(3)], { id: 2 }, 'restore 1'],
    ['is never a newer one', [bad(2), good(3)], { id: 2 }, 'stop MR_CHECKPOINT_REQUIRED'],
    ['is the one before the newest', [good(2), later], lost, 'restore 2'],
    ['is the newest when it is the only one', [later], lost, 'restore 3'],
    ['is not the one before when that is damaged', [bad(2), later], lost, 'restore 3'],
    ['cannot be none', [], { id: 2 }, 'stop MR_CHECKPOINT_REQUIRED'],
  ])('with duplicates accepted %s', (_, candidates, named, expected) => {
    expect(decided(candidates, { ...named, ...accepts })).toBe(expected);
  });

  it('says what was wrong with each', () => {
    const decision = decideRestore('job', [good(1), bad(2)]);
    expect(decision).toMatchObject({
      refused: [{ id: 2, message: '"m2" is damaged: it is cut short' }],
    });
    const named = decideRestore('job', [bad(2)], { ...authority, id: 2 });
    expect(named).toMatchObject({ error: { message: expect.stringContaining('cut short') } });
  });

  it('has all its files, with the right sizes', () => {
    const manifest = manifestOf(3, { 'g1-a': 10, 'g1-h': 5 });
    const files = { 'job/segments/g1-a': 10, 'job/segments/g1-h': 5, 'job/segments/x': 1 };
    const check = (stored: Readonly<Record<string, number>>) =>
      missingFile('job', manifest, new Map(Object.entries(stored)));
    expect(check(files)).toBeNull();
    expect(check({ 'job/segments/g1-h': 5 })).toMatchObject({
      code: 'MR_CHECKPOINT_MISSING',
      message: expect.stringContaining('"job/segments/g1-a"'),
    });
    expect(check({ ...files, 'job/segments/g1-h': 4 })).toMatchObject({
      code: 'MR_CHECKPOINT_CORRUPT',
      message: expect.stringContaining('"job/segments/g1-h" is damaged: it has 4 bytes instead'),
    });
  });
});
