// One life of a loader: runs until it is killed, or stopped by SIGTERM.
import { millrace } from 'millrace';
import { type LoadedProject, loadedConfig } from './loaded-project.ts';

const config = loadedConfig(JSON.parse(process.argv[2] ?? '{}') as LoadedProject);
const app = await millrace(config, { env: 'fleet' });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
let completed = -1;
try {
  const summary = await app.run({
    signal: stop.signal,
    onNotice: (message) => process.stderr.write(`${message}\n`),
    onProgress: ({ checkpoints }) => {
      if (completed < 0 && checkpoints.completed > 0) process.stdout.write('runs\n');
      completed = Math.max(completed, checkpoints.completed - 1);
    },
  });
  process.stdout.write(`${JSON.stringify(summary)}\n`);
} finally {
  await app.close();
}
