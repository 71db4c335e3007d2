// One life of the killed process: runs the project until its input ends, and says when it has begun.
import { millrace } from 'millrace';
import { type KillSettings, killConfig } from './kill-project.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as KillSettings;
const app = await millrace(killConfig(settings));
process.stdout.write('begins\n');
const summary = await app.run({ untilEnd: true });
await app.close();
process.stdout.write(`${JSON.stringify(summary)}\n`);
