// A certificate authority of the test's own, and a broker's certificate from it, made by the JDK's
// keytool: what the broker keeps as key stores, and the authority as the PEM text that clients take.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { noJava } from '../service.ts';

const run = promisify(execFile);

export interface Certificates {
  /** PEM text of the authority. */
  readonly ca: string;
  /** Settings of a broker that has a certificate for 127.0.0.1 and localhost. */
  readonly settings: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

const password = 'changeit';

export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-tls-'));
  const store = join(folder, 'broker.p12');
  const ca = join(folder, 'ca.p12');
  const at = (name: string): string => join(folder, name);
  const key = ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '2'];
  await keytool(ca, [
    ...key,
    '-alias',
    'ca',
    '-dname',
    'CN=test authority',
    '-ext',
    'bc:c=ca:true',
  ]);
  await keytool(ca, ['-exportcert', '-rfc', '-alias', 'ca', '-file', at('ca.pem')]);
  await keytool(store, [...key, '-alias', 'broker', '-dname', 'CN=localhost']);
  await keytool(store, ['-certreq', '-alias', 'broker', '-file', at('broker.csr')]);
  const names = ['-ext', 'san=dns:localhost,ip:127.0.0.1'];
  const files = ['-infile', at('broker.csr'), '-outfile', at('broker.pem')];
  await keytool(ca, ['-gencert', '-rfc', '-alias', 'ca', '-validity', '2', ...names, ...files]);
  await keytool(store, ['-importcert', '-noprompt', '-alias', 'ca', '-file', at('ca.pem')]);
  await keytool(store, ['-importcert', '-noprompt', '-alias', 'broker', '-file', at('broker.pem')]);
  return {
    ca: await readFile(at('ca.pem'), 'utf8'),
    settings: {
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': store,
      'ssl.keystore.password': password,
      'ssl.key.password': password,
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function keytool(store: string, args: readonly string[]): Promise<void> {
  const where = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', password];
  try {
    await run('keytool', [...args, ...where]);
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ENOENT' ? noJava('keytool') : error;
  }
}
