// The long attack on the feature server: `node --conditions=millrace-src scripts/fuzz-serve.ts
// --requests 100000 --seed 1`. Prints every request that was answered wrongly; exit code 1 then.
import { parseArgs } from 'node:util';
import { fuzzServer } from '../test/fuzz/fuzz-server.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});
const startMs = performance.now();
const report = await fuzzServer(Number(values.requests), Number(values.seed));
const seconds = Math.round((performance.now() - startMs) / 1000);
const statuses = [...report.statuses].toSorted(([a], [b]) => a - b);
for (const problem of report.problems) process.stdout.write(`${problem}\n`);
for (const [status, count] of statuses) process.stdout.write(`${status || 'closed'}: ${count}\n`);
process.stdout.write(
  `${report.requests} requests from seed ${values.seed} in ${seconds} s, ` +
    `slowest answer ${Math.round(report.worstMs)} ms, ${report.problems.length} problems\n`,
);
process.exitCode = report.problems.length > 0 ? 1 : 0;
