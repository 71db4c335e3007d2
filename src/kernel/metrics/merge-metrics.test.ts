import { expect, it } from 'vitest';
import { mergeMetrics } from './merge-metrics.ts';
import { MetricsRegistry } from './metrics-registry.ts';

function registryWith(count: number, level: number, observed: readonly number[]): string {
  const registry = new MetricsRegistry();
  registry.counter('requests', 'Requests', { route: '/a b' }).value = count;
  registry.gauge('level', 'A level').value = level;
  const histogram = registry.histogram('duration', 'Seconds', { bounds: [1, 2] });
  for (const value of observed) histogram.observe(value);
  return registry.render();
}

it('adds up what two processes counted, and takes the greatest of what goes up and down', () => {
  const merged = mergeMetrics([registryWith(3, 7, [0.5]), registryWith(4, 2, [1.5, 9])]);
  expect(merged).toBe(registryWith(7, 7, [0.5, 1.5, 9]));
});

it('keeps what only one process has', () => {
  const other = new MetricsRegistry();
  other.counter('rare', 'Rare').value = 1;
  const merged = mergeMetrics([registryWith(1, 1, []), other.render()]);
  expect(merged).toContain('rare_total 1\n');
  expect(merged.match(/# EOF/g)).toHaveLength(1);
});

it('gives the text of one process back', () => {
  expect(mergeMetrics([registryWith(1, 2, [1])])).toBe(registryWith(1, 2, [1]));
});
