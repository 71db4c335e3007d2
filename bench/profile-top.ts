// The functions that a CPU profile spent its time in, themselves and without what they called.
// Run: node --cpu-prof --cpu-prof-dir=DIR … ; node bench/profile-top.ts DIR/x.cpuprofile [how many]
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const [path = '', count = '25'] = process.argv.slice(2);
const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
const nameOf = new Map(
  profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
    const place = url === '' ? '' : ` ${basename(url)}:${lineNumber + 1}`;
    return [id, `${functionName || '(anonymous)'}${place}`];
  }),
);
const spent = new Map<string, number>();
let total = 0;
for (const [i, id] of profile.samples.entries()) {
  const name = nameOf.get(id) ?? '';
  const delta = profile.timeDeltas[i] ?? 0;
  if (name === '(idle)') continue;
  spent.set(name, (spent.get(name) ?? 0) + delta);
  total += delta;
}
const top = [...spent].toSorted(([, a], [, b]) => b - a).slice(0, Number(count));
for (const [name, time] of top) {
  console.log(`${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
}
