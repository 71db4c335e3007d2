// Backfills the view of a folder's project in small parts and kills itself at the n-th step on the
// disk; 0: not at all. Prints how many steps there were, and what was done.
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder = '', killAt = '0'] = process.argv.slice(2);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

for (const name of ['rename', 'rm', 'mkdir', 'open', 'writeFile'] as const) {
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

const { openShop } = await import('./backfill-project.ts');
const app = await openShop(folder, 'new');
const result = await app.backfill({ views: ['spend'], rowsMax: 400 });
await app.close();
process.stdout.write(JSON.stringify({ steps, ...result }));
