// A whole job, simulated with everything that can go wrong around it: what is left at its end is what
// one undisturbed run leaves. MILLRACE_SEED says where seeds begin, MILLRACE_CASES how many there are
// (100 in `npm test`, 400 with the services); `node scripts/sim.ts` runs many more. Seeds that once
// failed come first.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { withServices } from '../integration/service.ts';
import { runCase } from './run-case.ts';
import { formatFailure, SimReport } from './sim-report.ts';

const firstSeed = Number(process.env['MILLRACE_SEED']);
const caseCount = Number(process.env['MILLRACE_CASES'] ?? (withServices ? 400 : 100));
const known = JSON.parse(
  readFileSync(new URL('./seeds.json', import.meta.url), 'utf8'),
) as readonly number[];

describe('a job on a bad day', () => {
  const report = new SimReport();

  it.each(known)('seed %i, which failed once', async (seed) => {
    const result = await runCase(seed);
    expect(result.problems.length === 0 ? '' : formatFailure(result)).toBe('');
  });

  it('is the same every time for a seed', async () => {
    for (let seed = firstSeed; seed < firstSeed + 5; seed++) {
      const [once, again] = [await runCase(seed), await runCase(seed)];
      expect(again.traceHash).toBe(once.traceHash);
    }
  });

  it('leaves what an undisturbed run leaves', { timeout: 300_000 }, async () => {
    for (let seed = firstSeed; seed < firstSeed + caseCount; seed++)
      report.add(await runCase(seed));
    expect(report.failed.slice(0, 5).map(formatFailure)).toEqual([]);
    expect(report.missing).toEqual([]);
  });

  afterAll(() => {
    process.stdout.write(`MILLRACE_SEED=${firstSeed}\n${report.format()}\n`);
  });
});
