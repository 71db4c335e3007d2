import { describe, expect, it } from 'vitest';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { FailureBreaker, type FailureLimits } from './failure-breaker.ts';

const limits: FailureLimits = {
  alertShare: 0.01,
  breakerShare: 0.5,
  blockRecords: 100,
  onBreak: 'pause',
};
const error = { code: 'MR_DATA_TYPE', message: 'no int' } as const;

function breaker(changes: Partial<FailureLimits> = {}) {
  const notices: string[] = [];
  const subject = new FailureBreaker({ ...limits, ...changes }, (text) => notices.push(text));
  /** The failing ones first. */
  const read = (records: number, failed: number, stream = 's'): void => {
    for (let i = 0; i < failed; i++) {
      subject.failed(stream, error);
      subject.read(stream, 1);
    }
    subject.read(stream, records - failed);
  };
  return { subject, notices, read };
}

describe('the breaker of a stream', () => {
  it('breaks once more than the share of a block failed, before the block is full', () => {
    const { subject, read } = breaker();
    read(40, 40);
    expect(subject.broken).toBeNull();
    read(11, 11);
    expect(subject.broken).toMatchObject({ stream: 's', failed: 51, records: 51, isBroken: true });
  });

  it('does not break at the share itself, nor for few records that all fail', () => {
    const { subject, read } = breaker();
    read(100, 50);
    read(10, 10);
    expect(subject.broken).toBeNull();
  });

  it('judges each block by itself: many good records do not hide what fails now', () => {
    const { subject, read } = breaker();
    for (let i = 0; i < 1000; i++) read(100, 0);
    read(60, 51);
    expect(subject.broken).toMatchObject({ failed: 51, records: 51 });
  });

  it('judges streams apart', () => {
    const { subject, read } = breaker();
    read(50, 50, 'a');
    read(50, 50, 'b');
    expect(subject.broken).toBeNull();
  });

  it('never breaks when it is off, and reports all the same', () => {
    const { subject, notices, read } = breaker({ breakerShare: null });
    read(1000, 1000);
    expect(subject.broken).toBeNull();
    expect(notices).toEqual([
      '1 of the last 1 records of "s" failed, the newest with MR_DATA_TYPE: no int: millrace dlq ls',
    ]);
  });

  it('reports once when failures grow, and once when they are over', () => {
    const { subject, notices, read } = breaker();
    read(100, 0);
    for (let i = 0; i < 5; i++) read(100, 3);
    expect(subject.verdicts()).toMatchObject([{ isAlerting: true, failed: 3, records: 100 }]);
    for (let i = 0; i < 5; i++) read(100, 0);
    expect(notices).toHaveLength(2);
    expect(notices[1]).toBe('records of "s" are read again as they should be');
    expect(subject.verdicts()).toMatchObject([{ isAlerting: false }]);
  });

  it('judges a batch in the order of its records, whatever its size', () => {
    const { subject } = breaker();
    const failing = (offset: number): RecordError => {
      return { ...error, category: 'schema_mismatch', offset, bytes: new Uint8Array() };
    };
    const offsets = Float64Array.from({ length: 1000 }, (_, i) => i * 10);
    const unread = Array.from({ length: 60 }, (_, i) => failing(5001 + i / 100));
    subject.readBatch('s', { rows: { offsets, rowCount: 1000 }, unread, refused: [] });
    expect(subject.broken).toMatchObject({ failed: 51 });
    subject.reset();
    const spread = Array.from({ length: 60 }, (_, i) => failing(i * 160 + 1));
    subject.readBatch('s', { rows: { offsets, rowCount: 1000 }, unread: [], refused: spread });
    expect(subject.broken).toBeNull();
    expect(subject.verdicts()).toMatchObject([{ records: 100, isAlerting: true }]);
  });

  it('begins anew with a new life of the job', () => {
    const { subject, read } = breaker();
    read(60, 60);
    subject.reset();
    expect(subject.broken).toBeNull();
    read(40, 40);
    expect(subject.broken).toBeNull();
  });
});
