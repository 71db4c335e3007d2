// A process that is killed and started again: the job or the server.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('./redis-life.ts', import.meta.url));

export class LifeProcess {
  readonly #options: object;
  #child: ChildProcess | null = null;
  #closed: Promise<unknown> = Promise.resolve();
  output = '';
  notices = '';

  constructor(options: object) {
    this.#options = options;
  }

  start(): void {
    const args = ['--conditions=millrace-src', entry, JSON.stringify(this.#options)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.notices += chunk.toString();
    });
    this.#child = child;
    this.#closed = once(child, 'close');
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#closed;
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child?.exitCode ?? null;
  }
}
