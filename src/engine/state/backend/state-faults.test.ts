import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../kernel/crc32c.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { keyGroupsOf } from '../../../kernel/key-group.ts';
import { FakeKeyImages, type FakeState, hashOfText } from '../../../testing/fake-key-images.ts';
import { FaultyStateFiles } from '../../../testing/faults/faulty-state-files.ts';
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts';
import type { Residence } from '../residence.ts';
import { SubtaskState } from './subtask-state.ts';

const never = Number.POSITIVE_INFINITY;
const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);

interface Subject {
  readonly state: SubtaskState;
  readonly images: FakeKeyImages;
  readonly residence: Residence;
}

interface StartOptions {
  readonly memoryBytesMax?: number | null;
  readonly prefix?: string;
  readonly uid?: string;
  readonly segmentBytes?: number;
}

function start(files: FaultyStateFiles, options: StartOptions = {}): Subject {
  const state = new SubtaskState({
    files,
    subtask: 0,
    keyGroups: keyGroupsOf(0, 1),
    memoryBytesMax: options.memoryBytesMax === undefined ? null : options.memoryBytesMax,
    filePrefix: options.prefix ?? 'a',
    segmentBytes: options.segmentBytes ?? 1500,
    memoryBytesMin: 0,
  });
  const images = new FakeKeyImages(options.uid ?? 'fake');
  const residence = state.register(options.uid ?? 'fake', images);
  images.attach(residence);
  return { state, images, residence };
}

const stateOf = (value: string): FakeState => ({ value, wakeMs: never, idleWakeMs: never });

function snapshot({ state }: Subject): SubtaskSnapshot {
  state.beginSnapshot(1);
  state.work(true);
  return state.takeSnapshot() as SubtaskSnapshot;
}

function thrownBy(action: () => unknown): MillraceError {
  try {
    action();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Files of a snapshot with some records that no longer count, and what it holds. */
function written(): { files: FaultyStateFiles; part: SubtaskSnapshot } {
  const files = new FaultyStateFiles();
  const subject = start(files);
  for (const key of keys) subject.images.put(key, stateOf('old'));
  snapshot(subject);
  for (const key of keys.slice(10)) subject.images.put(key, stateOf(`new ${key}`));
  for (const key of keys.slice(0, 5)) subject.images.forget(key);
  return { files, part: snapshot(subject) };
}

function expectWritten({ images }: Subject): void {
  for (const [i, key] of keys.entries()) {
    const value = i < 5 ? undefined : i < 10 ? 'old' : `new ${key}`;
    expect(images.get(key)?.value, key).toBe(value);
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ (1 << (at % 8));
  return copy;
}

describe('damaged state', () => {
  it.each([
    ['memory', null],
    ['disk', 0],
  ])('is noticed, or was not needed: bytes all over every file, %s mode', (_, memoryBytesMax) => {
    const { files, part } = written();
    let noticed = 0;
    for (const { name } of [...part.segments, part.head]) {
      const bytes = files.read(name);
      for (let at = 0; at < bytes.length; at += 11) {
        files.write(name, flipped(bytes, at));
        const subject = start(files, { memoryBytesMax, prefix: 'b' });
        try {
          subject.state.restore([part]);
          expectWritten(subject);
        } catch (error) {
          if (!(error instanceof MillraceError)) throw error;
          expect(error.code).toBe('MR_STATE_CORRUPT');
          expect(error.message).toContain(`"${name}"`);
          expect(error.context.offset).toBeTypeOf('number');
          noticed += 1;
        }
      }
      files.write(name, bytes);
    }
    expect(noticed).toBeGreaterThan(150);
    const subject = start(files, { memoryBytesMax, prefix: 'b' });
    subject.state.restore([part]);
    expectWritten(subject);
  });

  it('is noticed when a file is shorter than it was, or empty', () => {
    const { files, part } = written();
    for (const { name } of [...part.segments, part.head]) {
      const bytes = files.read(name);
      for (const length of [0, 1, 11, 40, bytes.length - 33, bytes.length - 1]) {
        files.write(name, bytes.subarray(0, length));
        const error = thrownBy(() => start(files, { prefix: 'b' }).state.restore([part]));
        expect(error.code).toBe('MR_STATE_CORRUPT');
      }
      files.write(name, bytes);
    }
  });

  it('is missing when a file is', () => {
    const { files, part } = written();
    for (const { name } of [...part.segments, part.head]) {
      const bytes = files.read(name);
      files.remove(name);
      const error = thrownBy(() => start(files, { prefix: 'b' }).state.restore([part]));
      expect(error.code).toBe('MR_STATE_MISSING');
      expect(error.message).toContain(name);
      files.write(name, bytes);
    }
  });

  it('of a newer version is refused as such', () => {
    const { files, part } = written();
    const segment = part.segments[0]?.name as string;
    const bytes = files.read(segment);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, 2, true);
    const length = view.getUint32(8, true);
    view.setUint32(length, crc32c(bytes, 0, length), true);
    files.write(segment, bytes);
    const error = thrownBy(() => start(files, { prefix: 'b' }).state.restore([part]));
    expect(error.code).toBe('MR_STATE_VERSION');
    expect(error.message).toContain('has format 2');
  });

  it('of another definition is refused; left out of the snapshot, the view begins anew', () => {
    const { files, part } = written();
    const [view] = part.views;
    if (view === undefined) throw new Error('no view');
    const other = { ...view, schema: { ...view.schema, emit: 'watermark' } };
    const changed = { ...part, views: [other] };
    const error = thrownBy(() => start(files, { prefix: 'b' }).state.restore([changed]));
    expect(error.code).toBe('MR_STATE_SCHEMA');
    for (const memoryBytesMax of [null, 0]) {
      const subject = start(files, { memoryBytesMax, prefix: 'c' });
      subject.state.restore([{ ...part, views: [] }]);
      for (const key of keys) expect(subject.images.get(key)).toBeNull();
      expect(snapshot(subject).segments).toEqual([]);
    }
  });

  it('of a disk that cannot be read stops with the reason', () => {
    const { files, part } = written();
    const subject = start(files, { memoryBytesMax: 0, prefix: 'b' });
    subject.state.restore([part]);
    files.readErrorRate = 1;
    expect(thrownBy(() => subject.images.get('key-20')).code).toBe('MR_FILE_ACCESS');
  });
});

describe('keys of one hash', () => {
  const pairs = [
    ['user-025812', 'user-128708'],
    ['user-295854', 'user-313678'],
  ] as const;

  it('are told apart, whether one is stored or both', () => {
    for (const [one, two] of pairs) {
      expect(hashOfText(one)).toBe(hashOfText(two));
      const subject = start(new FaultyStateFiles(), { memoryBytesMax: 0 });
      const { images, residence } = subject;
      images.put(one, { value: 'one', wakeMs: 1000, idleWakeMs: 1000 });
      residence.settle();
      expect(images.get(two)).toBeNull();
      images.put(two, { value: 'two', wakeMs: 1000, idleWakeMs: 1000 });
      residence.settle();
      expect([images.get(two)?.value, images.get(one)?.value]).toEqual(['two', 'one']);
      residence.settle();
      expect(images.size).toBe(0);
      images.forget(one);
      expect([images.get(two)?.value, images.get(one)?.value]).toEqual(['two', undefined]);
      images.put(one, { value: 'again', wakeMs: 1000, idleWakeMs: 1000 });
      residence.settle();
      while (residence.wake(1000, false));
      expect(images.residentKeys().sort()).toEqual([one, two]);
    }
  });
});

describe('a full disk', () => {
  it('stops a snapshot wherever it is, hurts no earlier one, and the next one holds all', () => {
    for (let free = 0; free < 6000; free += 150) {
      const files = new FaultyStateFiles();
      const subject = start(files);
      for (const key of keys) subject.images.put(key, stateOf('first'));
      const earlier = snapshot(subject);
      for (const key of keys) subject.images.put(key, stateOf('second'));
      files.freeBytes = free;
      subject.state.beginSnapshot(2);
      let isFull = false;
      try {
        subject.state.work(true);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        expect(error.code).toBe('MR_STATE_DISK_FULL');
        isFull = true;
      }
      if (!isFull) return expect(free).toBeGreaterThan(1500);
      for (const key of keys.slice(20)) subject.images.put(key, stateOf('third'));
      subject.state.abortSnapshot();
      const again = start(files, { prefix: 'b' });
      again.state.restore([earlier]);
      for (const key of keys) expect(again.images.get(key)?.value).toBe('first');
      files.freeBytes = never;
      const part = snapshot(subject);
      const last = start(files, { memoryBytesMax: 0, prefix: 'c' });
      last.state.restore([part]);
      for (const [i, key] of keys.entries()) {
        expect(last.images.get(key)?.value).toBe(i < 20 ? 'second' : 'third');
      }
    }
    expect.unreachable('the disk was never large enough');
  });

  it('can be waited for: the same snapshot goes on when there is space', () => {
    const files = new FaultyStateFiles();
    const subject = start(files);
    for (const key of keys) subject.images.put(key, stateOf('first'));
    subject.state.beginSnapshot(1);
    files.freeBytes = 700;
    expect(thrownBy(() => subject.state.work(true)).code).toBe('MR_STATE_DISK_FULL');
    files.freeBytes = never;
    subject.images.put('key-3', stateOf('later'));
    expect(subject.state.work(true)).toBe(true);
    const part = subject.state.takeSnapshot() as SubtaskSnapshot;
    const again = start(files, { prefix: 'b' });
    again.state.restore([part]);
    for (const key of keys) expect(again.images.get(key)?.value).toBe('first');
  });

  it('gives a snapshot up that the operator cannot wait for', () => {
    const files = new FaultyStateFiles();
    const subject = start(files);
    for (const key of keys) subject.images.put(key, stateOf('first'));
    subject.state.beginSnapshot(1);
    files.freeBytes = 700;
    for (const key of keys) subject.images.put(key, stateOf('second'));
    expect(subject.state.hasWork).toBe(true);
    expect(thrownBy(() => subject.state.work(false)).code).toBe('MR_STATE_DISK_FULL');
    expect(subject.state.work(true)).toBe(true);
    expect(subject.state.takeSnapshot()).toBeNull();
    files.freeBytes = never;
    const again = start(files, { prefix: 'b' });
    again.state.restore([snapshot(subject)]);
    for (const key of keys) expect(again.images.get(key)?.value).toBe('second');
  });

  it('loses no key that should have left memory', () => {
    const files = new FaultyStateFiles();
    const subject = start(files, { memoryBytesMax: 0 });
    files.freeBytes = 1000;
    const put = (key: string): void => {
      subject.images.put(key, stateOf(`of ${key}`.padEnd(90_000, '.')));
      subject.residence.settle();
    };
    const done: string[] = [];
    const error = thrownBy(() => {
      for (const key of keys) {
        done.push(key);
        put(key);
      }
    });
    expect(error.code).toBe('MR_STATE_DISK_FULL');
    files.freeBytes = never;
    subject.residence.settle();
    for (const key of done) expect(subject.images.get(key)?.value).toMatch(`of ${key}.`);
  });
});

describe('space', () => {
  it('is found once: compaction ends, however small segments and large records are', () => {
    for (const segmentBytes of [1, 100, 700, 3000]) {
      for (const memoryBytesMax of [null, 0]) {
        const files = new FaultyStateFiles();
        const uid = 'a long name '.repeat(100);
        const subject = start(files, { memoryBytesMax, segmentBytes, uid });
        for (let round = 0; round < 12; round++) {
          for (const key of keys.slice(round, round + 9)) subject.images.put(key, stateOf('x'));
          subject.residence.settle();
          snapshot(subject);
          let slices = 0;
          while (subject.state.hasWork && slices < 100) {
            subject.state.work(false);
            slices += 1;
          }
          expect(slices).toBeLessThan(100);
        }
        for (const key of keys.slice(0, 20)) expect(subject.images.get(key)?.value).toBe('x');
      }
    }
  });

  it('is given back: files stay near the size of what counts, at any number of snapshots', () => {
    for (const memoryBytesMax of [null, 2000]) {
      const files = new FaultyStateFiles();
      const subject = start(files, { memoryBytesMax });
      let before: SubtaskSnapshot | null = null;
      for (let round = 0; round < 100; round++) {
        for (let i = 0; i < 5; i++) {
          subject.images.put(keys[(round * 5 + i) % 40] as string, stateOf(`${round}`.padEnd(60)));
        }
        subject.residence.settle();
        const part = snapshot(subject);
        const old = before === null ? [] : [...before.segments, before.head];
        subject.state.release(old.map(({ name }) => name));
        before = part;
        while (subject.state.hasWork) subject.state.work(false);
      }
      const { segmentBytes, segments, entries } = subject.state.stats();
      expect(entries).toBe(40);
      expect(segmentBytes).toBeLessThan(40 * 120 * 3 + 10 * 600);
      expect(segments).toBeLessThan(24);
      expect(files.list().length).toBeLessThan(60);
      expect(before?.segments.length).toBeLessThan(24);
    }
  });
});

it('a budget below the least possible is refused with the least', () => {
  const options = { files: new FaultyStateFiles(), subtask: 0, keyGroups: keyGroupsOf(0, 1) };
  const error = thrownBy(
    () => new SubtaskState({ ...options, memoryBytesMax: 1000, filePrefix: 'a' }),
  );
  expect(error.code).toBe('MR_CONFIG_STATE_MEMORY');
  expect(error.fix).toContain('4194304 bytes or more');
});
