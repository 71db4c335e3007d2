// The long run of the simulation: `node --conditions=millrace-src scripts/sim.ts --seeds 10000
// --from 1`. Prints every seed that failed; those belong into test/sim/seeds.json once mended.
import { parseArgs } from 'node:util';
import { runCase } from '../test/sim/run-case.ts';
import { formatFailure, SimReport } from '../test/sim/sim-report.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    failures: { type: 'string', default: '10' },
  },
});
const from = Number(values.from);
const count = Number(values.seeds);
const failuresMax = Number(values.failures);
const report = new SimReport();
const startMs = performance.now();
for (let seed = from; seed < from + count && report.failed.length < failuresMax; seed++) {
  const result = await runCase(seed);
  report.add(result);
  if (result.problems.length > 0) process.stdout.write(`${formatFailure(result)}\n`);
  if (report.cases % 1000 === 0) process.stdout.write(`${report.cases} cases\n`);
}
const seconds = Math.round((performance.now() - startMs) / 1000);
process.stdout.write(`${report.format()}\nfrom seed ${from}, ${seconds} s\n`);
if (report.missing.length > 0) process.stdout.write(`never met: ${report.missing.join(', ')}\n`);
process.exitCode = report.failed.length > 0 ? 1 : 0;
