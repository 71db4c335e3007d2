import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { ClockWatch, type EarlierTime } from './clock-watch.ts';

function watchAt(nowMs: number) {
  const time = { nowMs, monotonicMs: 0 };
  const messages: string[] = [];
  const clock = {
    ...systemClock,
    nowMs: () => time.nowMs,
    monotonicMs: () => time.monotonicMs,
  };
  const metrics = new MetricsRegistry();
  const watch = new ClockWatch({ clock, metrics, report: (text) => messages.push(text) });
  return { time, watch, metrics, messages };
}

const now = Date.UTC(2026, 0, 5);
const earlier: EarlierTime = { heardMs: now - 1000, asOfMs: now + 1000, aheadMs: 3_600_000 };

describe('time that goes backward', () => {
  it('is said at a restart, from when the job was heard of or from what it wrote', () => {
    const well = watchAt(now);
    well.watch.since(earlier);
    well.watch.since({ heardMs: null, asOfMs: null, aheadMs: 0 });
    expect(well.messages).toEqual([]);
    const heard = watchAt(now);
    heard.watch.since({ ...earlier, heardMs: now + 60_000 });
    expect(heard.messages).toEqual([
      'time has gone back since the last run: it is 2026-01-05T00:00:00Z, and the job was heard of at 2026-01-05T00:01:00Z',
    ]);
    expect(heard.watch.wentBackMs).toBe(60_000);
    expect(heard.metrics.render()).toContain('millrace_clock_went_back_ms 60000');
    const rows = watchAt(now);
    rows.watch.since({ ...earlier, asOfMs: now + 2 * 3_600_000 });
    expect(rows.messages[0]).toContain('the online store has rows as of 2026-01-05T02:00:00Z');
    expect(rows.watch.wentBackMs).toBe(3_600_000);
  });

  it('is said while the job runs, once for each jump', () => {
    const { time, watch, messages } = watchAt(now);
    for (const [wallMs, monotonicMs] of [
      [500, 500],
      [400, 1000],
      [-60_000, 1500],
      [-59_500, 2000],
    ] as const) {
      Object.assign(time, { nowMs: now + wallMs, monotonicMs });
      watch.look();
    }
    expect(messages).toHaveLength(1);
    expect(watch.wentBackMs).toBe(60_900);
  });
});
