import { describe, expect, it } from 'vitest';
import { MetricsRegistry } from './metrics-registry.ts';

describe('the metrics registry', () => {
  it('renders OpenMetrics text', () => {
    const metrics = new MetricsRegistry();
    metrics.counter('records_in', 'Records read', { stream: 'a "b"' }).value = 3;
    metrics.gauge('lag_ms', 'Lag').value = -1.5;
    metrics.gauge('unknown', 'Not set yet');
    const age = metrics.histogram('age_ms', 'Age', { bounds: [1, 10], labels: { view: 'v' } });
    for (const value of [0, 1, 5, 100]) age.observe(value);
    expect(metrics.render().split('\n')).toEqual([
      '# TYPE records_in counter',
      '# HELP records_in Records read',
      'records_in_total{stream="a \\"b\\""} 3',
      '# TYPE lag_ms gauge',
      '# HELP lag_ms Lag',
      'lag_ms -1.5',
      '# TYPE unknown gauge',
      '# HELP unknown Not set yet',
      '# TYPE age_ms histogram',
      '# HELP age_ms Age',
      'age_ms_bucket{view="v",le="1"} 2',
      'age_ms_bucket{view="v",le="10"} 3',
      'age_ms_bucket{view="v",le="+Inf"} 4',
      'age_ms_count{view="v"} 4',
      'age_ms_sum{view="v"} 106',
      '# EOF',
      '',
    ]);
    expect([age.quantile(0.5), age.quantile(0.75), age.quantile(1)]).toEqual([1, 10, Infinity]);
  });

  it('gives the same metric for the same name and labels, and refuses another kind', () => {
    const metrics = new MetricsRegistry();
    expect(metrics.counter('a', 'A', { x: '1' })).toBe(metrics.counter('a', 'A', { x: '1' }));
    expect(metrics.counter('a', 'A', { x: '1' })).not.toBe(metrics.counter('a', 'A', { x: '2' }));
    expect(() => metrics.gauge('a', 'A')).toThrow('metric "a" is a counter');
    expect(() => metrics.counter('a-b', 'A')).toThrow('"a-b" cannot be the name');
  });
});
