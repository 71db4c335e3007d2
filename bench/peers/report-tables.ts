// The tables of a run: Flink beside each way of ours, latencies, and the run beside the kept one.
import { rounded } from '../load/measure.ts';
import type { Figures, Kept, Ratio } from './figures.ts';
import type { LatencyFigures } from './latency.ts';

type Rows = readonly (readonly string[])[];

export function figuresTable(ratios: readonly Ratio[]): string {
  const rows = ratios.map(({ flink, ours, per_second, per_cpu_second, memory }) => [
    flink.comparison,
    thousands(flink.events),
    `${flink.variant} ${flink.parallelism}`,
    ...cells(flink),
    ours.variant,
    ...cells(ours),
    `${per_second}×`,
    `${per_cpu_second}×`,
    `${memory}×`,
  ]);
  const each = ['ev/s', 'CPU-s/M', 'MB'];
  const ratio = ['ev/s', 'per CPU-s', 'memory'];
  return aligned([['job', 'events', 'Flink', ...each, 'ours', ...each, ...ratio], ...rows]);
}

export function latencyTable(latency: readonly LatencyFigures[]): string {
  const rows = latency.map(({ engine, setting, p50_ms, p99_ms, max_ms }) => [
    engine,
    setting,
    ...[p50_ms, p99_ms, max_ms].map(String),
  ]);
  const rate = latency[0]?.events_per_second ?? 0;
  const title = `J2, topic to topic, ${thousands(rate)} events/s`;
  return aligned([['', title, 'p50 ms', 'p99 ms', 'max ms'], ...rows]);
}

/** Ratios of now to then: above 1 is faster for rates, slower for latencies. */
export function baselineTable(now: Kept, kept: Kept): string {
  const rows: string[][] = [];
  for (const figures of now.figures) {
    const then = kept.figures.find((other) => isSameContender(figures, other));
    if (then === undefined) continue;
    const { comparison, engine, variant, parallelism } = figures;
    const rate = (name: 'events_per_second' | 'events_per_cpu_second'): string =>
      `${rounded(figures[name] / then[name], 2)}×`;
    const name = `${comparison} ${engine} ${variant} ${parallelism}`;
    const load = `${then.load_average}, now ${figures.load_average}`;
    rows.push([name, rate('events_per_second'), rate('events_per_cpu_second'), load]);
  }
  const parts = [aligned([['beside the kept run', 'ev/s', 'per CPU-s', 'load then'], ...rows])];
  const latencies: string[][] = [];
  for (const { engine, setting, p50_ms, p99_ms } of now.latency ?? []) {
    const then = kept.latency?.find((l) => l.engine === engine && l.setting === setting);
    if (then === undefined) continue;
    const ratios = [p50_ms / then.p50_ms, p99_ms / then.p99_ms].map((r) => `${rounded(r, 2)}×`);
    latencies.push([`latency ${engine}, ${setting}`, ...ratios]);
  }
  if (latencies.length > 0)
    parts.push(aligned([['beside the kept run', 'p50', 'p99'], ...latencies]));
  return parts.join('\n\n');
}

function isSameContender(a: Figures, b: Figures): boolean {
  const keys = ['comparison', 'engine', 'variant', 'parallelism'] as const;
  return keys.every((key) => a[key] === b[key]);
}

function cells({ events_per_second, cpu_seconds_per_million, rss_mb }: Figures): readonly string[] {
  return [thousands(events_per_second), String(cpu_seconds_per_million), thousands(rss_mb)];
}

/** Columns of one width each; numbers to the right. */
function aligned(rows: Rows): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const cell = (text: string, i: number): string => {
    const width = widths[i] ?? 0;
    return /^[\d.,]+×?$/.test(text) ? text.padStart(width) : text.padEnd(width);
  };
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

function thousands(value: number): string {
  return value.toLocaleString('en');
}
