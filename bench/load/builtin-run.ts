// The built-in benchmark in a process of its own, its report as one line of JSON.
import { runBench } from '../../src/app/bench/run-bench.ts';
import { Arguments } from './measure.ts';

const args = new Arguments();
const report = await runBench({ events: args.number('events', 1_000_000) });
console.log(JSON.stringify(report));
