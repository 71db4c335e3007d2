import { describe, expect, it } from 'vitest';
import type { RunProgress } from '../app/run-report.ts';
import { createProgressLine, describeProgress, formatLag } from './progress.ts';
import { formatTable } from './table.ts';
import { type LogLevel, createTerminal } from './terminal.ts';

function recorded(isTTY: boolean, logLevel: LogLevel = 'info') {
  const written = { out: '', err: '' };
  const terminal = createTerminal(
    { json: false, logLevel },
    {
      out: { write: (text) => (written.out += text) },
      err: { write: (text) => (written.err += text), isTTY },
    },
  );
  return { terminal, written };
}

describe('progress', () => {
  it('redraws one line on a terminal, and leaves it clean', () => {
    const { terminal, written } = recorded(true);
    let now = 0;
    const line = createProgressLine(terminal, () => now);
    line.update(() => 'a');
    now = 50;
    line.update(() => 'b');
    now = 150;
    line.update(() => 'c');
    line.end();
    const clear = '\r\u001b[2K';
    expect(written).toEqual({ out: '', err: `${clear}a${clear}c${clear}` });
  });

  it('prints a plain line every few seconds elsewhere', () => {
    const { terminal, written } = recorded(false);
    let now = 0;
    const line = createProgressLine(terminal, () => now);
    for (; now <= 10_000; now += 1000) line.update(() => `at ${now}`);
    line.end();
    expect(written.err).toBe('at 5000\nat 10000\n');
  });

  it('says nothing below the level info', () => {
    const { terminal, written } = recorded(true, 'warn');
    createProgressLine(terminal, () => 1e9).update(() => 'x');
    expect(written.err).toBe('');
  });

  it('says events, rate, watermark, lag, late and dead letters', () => {
    const progress: RunProgress = {
      state: 'running',
      recordsIn: 12_345,
      rowsOut: 1,
      lateRecords: 2,
      deadLetters: 3,
      eventsPerSecond: 678.9,
      watermarkMs: Date.UTC(2026, 0, 5, 10),
      lagMs: 125_400,
      elapsedMs: 1,
      stateBytes: 0,
      checkpoints: {
        completed: 0,
        failed: 0,
        failure: null,
        lastId: null,
        lastDurationMs: 0,
        lastBytes: 0,
        lastFullBytes: 0,
        lastAlignMs: 0,
        restoredId: null,
      },
      failures: [],
      restarts: { count: 0, last: null },
    };
    expect(describeProgress(progress)).toBe(
      '12,345 events  679/s  watermark 2026-01-05T10:00:00Z  lag 2m5s  late 2  dead letters 3',
    );
    const restarting: RunProgress = {
      ...progress,
      state: 'restarting',
      checkpoints: { ...progress.checkpoints, lastId: 7, failed: 2 },
      restarts: { count: 1, last: { reason: 'the disk is full', atMs: 0 } },
    };
    expect(describeProgress(restarting)).toMatch(
      /^restarting {2}12,345 events.*checkpoint 7 {2}failed checkpoints 2 {2}restarts 1$/,
    );
    expect(describeProgress({ ...progress, watermarkMs: null, lagMs: null })).toContain(
      'no watermark yet  late 2',
    );
  });

  it.each([
    [120, '120ms'],
    [65_000, '1m5s'],
    [3_700_000, '1h2m'],
    [200_000_000, '2d8h'],
    [-1500, '-1s'],
  ])('shows %i ms as %s', (ms, text) => {
    expect(formatLag(ms)).toBe(text);
  });
});

describe('a table', () => {
  it('is as wide as its cells, numbers to the right', () => {
    const text = formatTable(
      ['view', 'n'],
      [
        ['a', '1,000'],
        ['longer', '2'],
      ],
      new Set([1]),
    );
    expect(text).toBe('view        n\n------  -----\na       1,000\nlonger      2');
  });
});
