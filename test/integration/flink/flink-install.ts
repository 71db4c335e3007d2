// Flink from its published packages: the jars of the Python distribution and the gateway from Maven.
// Needs python3 with pip, and mvn; downloads once into the folder given (300 MB).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const flinkVersion = '2.2.1';

/** Where Flink is kept between runs, unless an option says otherwise. */
export const defaultFlinkDirectory: string =
  process.env['MILLRACE_FLINK_DIR'] ?? join(homedir(), '.cache', 'millrace', 'flink');

/** Installs Flink below a folder if it is not there; returns the distribution's folder. */
export function installFlink(directory: string): string {
  const dist = join(directory, `dist-${flinkVersion}`);
  if (existsSync(dist)) return dist;
  const partial = join(directory, `partial-${flinkVersion}`);
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  console.error(`installing Flink ${flinkVersion} into ${dist}`);
  const packageName = `apache-flink-libraries==${flinkVersion}`;
  execute('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', partial, packageName]);
  const [wheel] = readdirSync(partial).filter((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`${packageName} is not published as a wheel any more`);
  execute('python3', ['-m', 'zipfile', '-e', join(partial, wheel), join(partial, 'wheel')]);
  const unpacked = join(partial, 'wheel', 'pyflink');
  execute('mvn', [
    '-q',
    '-B',
    'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
    `-Dartifact=org.apache.flink:flink-sql-gateway:${flinkVersion}`,
    `-DoutputDirectory=${join(unpacked, 'opt')}`,
  ]);
  renameSync(unpacked, dist);
  rmSync(partial, { recursive: true });
  return dist;
}

function execute(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Puts Flink's Kafka connector beside it, once. */
export function installKafkaConnector(dist: string): void {
  const artifact = 'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2';
  if (existsSync(join(dist, 'lib', 'flink-sql-connector-kafka-5.0.0-2.2.jar'))) return;
  execute('mvn', [
    '-q',
    '-B',
    'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
    `-Dartifact=${artifact}`,
    `-DoutputDirectory=${join(dist, 'lib')}`,
  ]);
}
