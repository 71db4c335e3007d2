// A certificate authority of the test's own and a certificate of a server for 127.0.0.1, by openssl.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianPackages } from '../debian.ts';

const run = promisify(execFile);

export interface ServerCertificates {
  /** PEM text of the authority. */
  readonly ca: string;
  /** Arguments of redis-server. */
  readonly args: readonly string[];
  remove(): Promise<void>;
}

export async function makeServerCertificates(): Promise<ServerCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-redis-tls-'));
  const at = (name: string): string => join(folder, name);
  const { bin, env } = await debianPackages(['openssl', 'libssl3'], { program: 'openssl' });
  const openssl = (...args: readonly string[]): Promise<unknown> =>
    run(join(bin, 'openssl'), [...args], { cwd: folder, env: { ...process.env, ...env } });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const signed = ['-days', '2', '-subj', '/CN=test authority'];
  await openssl('req', '-x509', ...key, ...signed, '-keyout', 'ca.key', '-out', 'ca.pem');
  await openssl('req', ...key, '-subj', '/CN=redis', '-keyout', 'server.key', '-out', 'server.csr');
  await writeFile(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', ...by, '-days', '2', '-out', 'server.pem');
  return {
    ca: await readFile(at('ca.pem'), 'utf8'),
    args: [
      ...['--tls-cert-file', at('server.pem'), '--tls-key-file', at('server.key')],
      ...['--tls-ca-cert-file', at('ca.pem'), '--tls-auth-clients', 'no'],
    ],
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
