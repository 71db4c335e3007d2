// moto, an S3 server in Python, from PyPI.
import { pythonPackages, type Service, startService } from './service.ts';

const program = `
import sys
from werkzeug.serving import run_simple
from moto.server import DomainDispatcherApplication, create_backend_app
app = DomainDispatcherApplication(create_backend_app)
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=sys.argv[2] == 'threads')
`;

/**
 * Starts one without buckets; any keys will do. With threads moto compares and writes in two steps,
 * between which another write may come; without, a client that keeps connections makes others wait.
 */
export async function startMoto(
  env: Readonly<Record<string, string>> = {},
  mode: 'one at a time' | 'threads' = 'one at a time',
): Promise<Service> {
  const python = await pythonPackages('moto-5.2.5', [
    'moto==5.2.5',
    'flask==3.1.3',
    'flask-cors==6.0.5',
    'py-partiql-parser==0.6.3',
    'PyYAML==6.0.3',
  ]);
  return startService(python, (port) => ['-c', program, String(port), mode], env);
}
