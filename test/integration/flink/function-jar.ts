// The jar with functions of ours, built by Maven with its own tests: once for each state of its sources.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installed, noJava } from '../service.ts';

const run = promisify(execFile);
const module = fileURLToPath(new URL('../../../flink-udf', import.meta.url));

export interface FunctionJar {
  readonly jar: string;
  /** Classes of the module's tests. */
  readonly testClasses: string;
}

/** Needs `java` and `mvn`, and says so. */
export async function functionJar(): Promise<FunctionJar> {
  const folder = await installed(`flink-udf-${sourceHash()}`, async (target) => {
    const pom = ['-f', join(module, 'pom.xml'), `-Dmillrace.build=${target}`];
    const packaged = (...flags: readonly string[]) =>
      run('mvn', ['-B', '-q', ...flags, ...pom, 'package']);
    try {
      // What Maven has already it need not ask for.
      await packaged('-o').catch(() => packaged());
    } catch (error) {
      throw (error as { code?: unknown }).code === 'ENOENT' ? noJava('mvn') : error;
    }
  });
  const testClasses = join(folder, 'test-classes');
  return { jar: join(folder, 'millrace-flink-udf.jar'), testClasses };
}

function sourceHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(module, 'pom.xml')));
  const files = readdirSync(join(module, 'src'), { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((f) => join(f.parentPath, f.name));
  for (const path of paths.sort()) hash.update(path).update(readFileSync(path));
  return hash.digest('hex').slice(0, 12);
}
