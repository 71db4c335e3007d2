// One life of the engine's half: runs until it is killed.
import { millrace } from 'millrace';
import { type HybridProject, hybridConfig } from './hybrid-project.ts';

const project = JSON.parse(process.argv[2] ?? '{}') as HybridProject;
const app = await millrace(hybridConfig(project), { env: 'fleet', baseDirectory: project.folder });
await app.run({ onNotice: (message) => process.stderr.write(`${message}\n`) });
