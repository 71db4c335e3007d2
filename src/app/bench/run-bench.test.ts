import { describe, expect, it } from 'vitest';
import { benchJobs, runBench } from './run-bench.ts';

describe('the built-in benchmark', () => {
  it('runs every job and both peers over the same events, and reports ratios', async () => {
    const names: string[] = [];
    const report = await runBench({
      events: 3000,
      users: 100,
      latencyEvents: 50,
      latencyRate: 1000,
      onRun: ({ name }) => names.push(name),
    });
    expect(names).toEqual(report.runs.map(({ name }) => name));
    expect(names).toHaveLength(benchJobs.length + 3);
    for (const run of report.runs) {
      expect(run.events).toBe(run.name.includes('readable') ? 50 : 3000);
      expect(run.events_per_second).toBeGreaterThan(0);
    }
    const byName = new Map(report.runs.map((run) => [run.name, run]));
    expect(byName.get('j2')?.rows_out).toBe(3000);
    expect(byName.get('j4')?.rows_out).toBe(3000);
    expect(byName.get('j0')?.rows_out).toBe(0);
    expect(byName.get('j2')?.ratio_to_hand_written).toBeGreaterThan(0);
    expect(byName.get('j2')?.p99_ms).not.toBeNull();
    expect(report.machine.cores).toBeGreaterThan(0);
  });
});
