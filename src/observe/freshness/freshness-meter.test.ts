import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { FreshnessMeter, type TimedRows } from './freshness-meter.ts';

function meterAt(startMs: number) {
  const time = { nowMs: startMs };
  const metrics = new MetricsRegistry();
  const meter = new FreshnessMeter({
    views: [
      { name: 'v', freshnessMs: 5000 },
      { name: 'free', freshnessMs: null },
    ],
    target: 0.999,
    windowMs: 300_000,
    clock: { ...systemClock, nowMs: () => time.nowMs },
    metrics,
  });
  const write = (rows: TimedRows): void => {
    const sample = meter.sample(rows);
    if (sample !== null) meter.servable(sample);
  };
  return { time, meter, metrics, write };
}

function rows(eventTimes: readonly number[], asOf = eventTimes, view = 'v'): TimedRows {
  const eventTimeMs = Float64Array.from(eventTimes);
  return { view, rowCount: eventTimes.length, eventTimeMs, asOfMs: Float64Array.from(asOf) };
}

const now = 1_000_000_000;

describe('freshness', () => {
  it('is the share of rows that were servable within the promise', () => {
    const { meter, metrics, write } = meterAt(now);
    write(rows([now - 10, now - 5000, now - 5001, now - 40]));
    expect(meter.read()).toMatchObject([
      { view: 'v', ratio: 0.75, rows: 4, p50Ms: 50, p99Ms: 7500 },
      { view: 'free', ratio: null, rows: 0, p50Ms: null },
    ]);
    const text = metrics.render();
    expect(text).toContain('feature_freshness_slo_ratio{view="v"} 0.75');
    expect(text).toContain('event_to_servable_ms_count{view="v"} 4');
    expect(text).not.toContain('feature_freshness_slo_ratio{view="free"}');
  });

  it('does not count rows that only shrank, nor views that it does not know', () => {
    const { meter, write } = meterAt(now);
    write(rows([now - 60_000, now - 20], [now - 1, now - 20]));
    write(rows([now], [now], 'other'));
    expect(meter.read()[0]).toMatchObject({ ratio: 1, rows: 1 });
  });

  it('looks at some rows of a large batch, and counts all', () => {
    const { meter, write } = meterAt(now);
    const many = Array.from({ length: 10_240 }, (_, i) => (i % 2 === 0 ? now - 100 : now - 9000));
    expect(meter.sample(rows(many))?.eventTimeMs.length).toBeLessThanOrEqual(256);
    write(rows(many.toSorted((a, b) => a - b)));
    expect(meter.read()[0]).toMatchObject({ ratio: 0.5, rows: 10_240 });
  });

  it('forgets what is older than the window', () => {
    const { meter, time, write } = meterAt(now);
    write(rows([now - 9000]));
    time.nowMs += 200_000;
    write(rows([time.nowMs - 10]));
    expect(meter.read()[0]?.ratio).toBe(0.5);
    time.nowMs += 150_000;
    expect(meter.read()[0]?.ratio).toBe(1);
    time.nowMs += 400_000;
    expect(meter.read()[0]?.ratio).toBeNull();
  });

  it('stands still, and loses nothing, while the clock goes back', () => {
    const { meter, time, write } = meterAt(now);
    write(rows([now - 10]));
    time.nowMs -= 600_000;
    write(rows([now - 10]));
    expect(meter.read()[0]).toMatchObject({ ratio: 1, rows: 2 });
  });
});
