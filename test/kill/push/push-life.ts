// One life of the server, or of the engine beside it.
import { millrace } from 'millrace';
import { pushConfig } from './push-project.ts';

const [, , role, baseDirectory = '.', port = '0'] = process.argv;
const app = await millrace(pushConfig(), { baseDirectory });
if (role === 'serve') {
  const { url } = await app.serve({ port: Number(port) });
  process.stdout.write(`${url}\n`);
} else {
  process.stdout.write('begins\n');
  await app.run();
}
