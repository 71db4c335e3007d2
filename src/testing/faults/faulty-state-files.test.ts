import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { FaultyStateFiles, SimulatedCrash } from './faulty-state-files.ts';

const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i + 1);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof MillraceError ? error.code : String(error);
  }
  return 'none';
}

describe('FaultyStateFiles', () => {
  it('keeps what was appended and reads at any place', () => {
    const files = new FaultyStateFiles();
    const writer = files.create('a');
    writer.append(bytes(300));
    writer.append(bytes(10));
    expect(writer.position).toBe(310);
    const target = new Uint8Array(8);
    expect(files.open('a').readInto(target, 2, 5, 299)).toBe(5);
    expect([...target]).toEqual([0, 0, 44, 1, 2, 3, 4, 0]);
    expect(files.open('a').readInto(target, 0, 8, 308)).toBe(2);
    expect(files.list()).toEqual([{ name: 'a', bytes: 310 }]);
  });

  it('refuses an append that does not fit and takes a smaller one', () => {
    const files = new FaultyStateFiles();
    const writer = files.create('a');
    files.freeBytes = 10;
    expect(codeOf(() => writer.append(bytes(11)))).toBe('MR_STATE_DISK_FULL');
    writer.append(bytes(10));
    expect(writer.position).toBe(10);
  });

  it('dies in an append with a part of it written, and its handles are dead', () => {
    const files = new FaultyStateFiles({ seed: 3 });
    const writer = files.create('a');
    files.appendsUntilCrash = 1;
    writer.append(bytes(10));
    expect(() => writer.append(bytes(200))).toThrow(SimulatedCrash);
    expect(() => files.create('b')).toThrow(SimulatedCrash);
    files.crash();
    expect(() => writer.append(bytes(1))).toThrow(SimulatedCrash);
    const { length } = files.read('a');
    expect(length).toBeGreaterThanOrEqual(10);
    expect(length).toBeLessThan(210);
  });

  it('loses on a power cut only what is not durable, the same way for a seed', () => {
    const lengthsAfter = (seed: number): number[] => {
      const files = new FaultyStateFiles({ seed });
      const writer = files.create('a');
      writer.append(bytes(100));
      files.sync('a');
      writer.append(bytes(100));
      files.losePower();
      expect([...files.read('a').subarray(0, 100)]).toEqual([...bytes(100)]);
      return [files.read('a').length];
    };
    expect(lengthsAfter(5)).toEqual(lengthsAfter(5));
    expect(new Set([1, 2, 3, 4].flatMap(lengthsAfter)).size).toBeGreaterThan(1);
  });

  it('fails and flips reads at their rates', () => {
    const files = new FaultyStateFiles();
    files.write('a', bytes(50));
    const target = new Uint8Array(50);
    files.bitFlipRate = 1;
    files.open('a').readInto(target, 0, 50, 0);
    expect([...target].filter((value, i) => value !== bytes(50)[i])).toHaveLength(1);
    files.readErrorRate = 1;
    expect(codeOf(() => files.open('a').readInto(target, 0, 50, 0))).toBe('MR_FILE_ACCESS');
    expect(codeOf(() => files.open('b'))).toBe('MR_STATE_MISSING');
  });
});
