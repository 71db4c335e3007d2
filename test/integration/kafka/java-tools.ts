// Kafka's own Java programs as witnesses: what they wrote and what they read does not depend on us.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mavenLibraries, noJava } from '../service.ts';

const run = promisify(execFile);
const version = '4.3.1';
const sources = new URL('java/', import.meta.url);

/** The class path of Kafka's jars: brokers and Java tools. */
export function kafkaLibraries(): Promise<string> {
  return mavenLibraries(`kafka-${version}`, [
    `org.apache.kafka:kafka_2.13:${version}`,
    `org.apache.kafka:kafka-tools:${version}`,
    'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4',
  ]);
}

/** Arguments that tell a Java program what to log. */
export function logSettings(level: 'INFO' | 'ERROR'): readonly string[] {
  const file = fileURLToPath(new URL('log4j2.properties', sources));
  return [`-Dlog4j2.configurationFile=${file}`, `-Dkafka.root.level=${level}`];
}

async function javaFlags(): Promise<readonly string[]> {
  const heap = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  return [...heap, ...logSettings('ERROR'), '-cp', await kafkaLibraries()];
}

/**
 * Runs a Java program to its end and resolves with what it printed: the name of a main class of
 * Kafka's tools, or a source file of `java/` (`TransactionalProducer.java`). About a second each.
 */
export async function runJava(main: string, args: readonly string[]): Promise<string> {
  const flags = [...(await javaFlags()), programOf(main), ...args];
  try {
    const { stdout } = await run('java', flags, { maxBuffer: 1 << 28 });
    return stdout;
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code === 'ENOENT') throw noJava('java');
    throw new Error(`${main} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Starts a Java program that the caller ends with `stopped`; its output is piped. */
export async function startJava(main: string, args: readonly string[]): Promise<ChildProcess> {
  return spawn('java', [...(await javaFlags()), programOf(main), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function programOf(main: string): string {
  return main.endsWith('.java') ? fileURLToPath(new URL(main, sources)) : main;
}
