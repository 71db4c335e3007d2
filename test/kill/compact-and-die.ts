// Compacts the feature log of a folder and kills itself at the n-th step on the disk; 0: not at all.
// Run: node compact-and-die.ts <folder> <step>; prints how many steps there were.
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder = '', killAt = '0'] = process.argv.slice(2);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

// Modules see these once they are loaded: `import` of the rest comes after.
for (const name of ['rename', 'rm', 'mkdir', 'open'] as const) {
  const original = promises[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(promises, {
    [name]: async (...args: unknown[]) => {
      const isBelow = String(args[0]).startsWith(folder);
      if (isBelow) step();
      const result = await original(...args);
      if (isBelow) step();
      return result;
    },
  });
}
syncBuiltinESMExports();

const { openLogProject } = await import('./log-project.ts');
const { app } = await openLogProject(folder);
const result = await app.log.compact();
await app.close();
process.stdout.write(JSON.stringify({ steps, ...result }));
