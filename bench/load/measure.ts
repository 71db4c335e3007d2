// What a script needs to measure: options, watches, numbers for people, the machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

/** Values of `--name value`, and flags without one. */
export class Arguments {
  readonly #args: readonly string[];

  constructor(args: readonly string[] = process.argv.slice(2)) {
    this.#args = args;
  }

  has(name: string): boolean {
    return this.#args.includes(`--${name}`);
  }

  text(name: string, fallback: string): string {
    const at = this.#args.indexOf(`--${name}`);
    return at < 0 ? fallback : (this.#args[at + 1] ?? fallback);
  }

  number(name: string, fallback: number): number {
    const text = this.text(name, String(fallback));
    const value = Number(text.replaceAll('_', ''));
    if (!Number.isFinite(value)) throw new Error(`--${name} is no number: ${text}`);
    return value;
  }
}

export interface Elapsed {
  readonly elapsedMs: number;
  /** Of this process, all its threads. */
  readonly cpuMs: number;
}

/** Starts a watch; each call tells what passed since. */
export function startWatch(): () => Elapsed {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startCpu);
    return { elapsedMs: performance.now() - startMs, cpuMs: (user + system) / 1000 };
  };
}

export function rounded(value: number, digits = 0): number {
  const unit = 10 ** digits;
  return Math.round(value * unit) / unit;
}

export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: rounded(totalmem() / 1e9),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** A folder that is gone afterwards, however `body` ends. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await body(folder);
  } finally {
    remove();
    process.off('exit', remove);
  }
}
