// A load generator on bare sockets: each connection sends one request, waits for its whole answer and
// sends the next. Every latency is kept as it was measured, so quantiles are exact; it costs a small
// part of what a server costs, which matters where both share two cores.
import { type Socket, connect } from 'node:net';

export interface LoadOptions {
  readonly url: string;
  readonly path: string;
  /** Bodies of POST requests, taken in turn. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Answers other than 200. */
  readonly failed: number;
}

const headEnd = Buffer.from('\r\n\r\n');

/** Loads a server for that long. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { hostname, port } = new URL(options.url);
  const requests = options.bodies.map((body) => requestOf(options.path, hostname, body));
  const latencies = new Latencies();
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1000;
  let next = 0;
  let failed = 0;
  const takeNext = (): Buffer => requests[next++ % requests.length] as Buffer;
  const connection = async (): Promise<void> => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    await converse(socket, takeNext, (ms, isOk) => {
      latencies.add(ms);
      if (!isOk) failed += 1;
      return performance.now() < endMs;
    });
    socket.destroy();
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
  const elapsedMs = performance.now() - startMs;
  const sorted = latencies.sorted();
  const at = (q: number): number =>
    rounded(sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0);
  return {
    requests: sorted.length,
    perSecond: Math.round((sorted.length / elapsedMs) * 1000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(1),
    failed,
  };
}

function requestOf(path: string, host: string, body: string): Buffer {
  const bytes = Buffer.from(body);
  const head =
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
    `content-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** Request after answer until `onAnswer` says false. */
function converse(
  socket: Socket,
  takeNext: () => Buffer,
  onAnswer: (ms: number, isOk: boolean) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentMs = 0;
    let head: Buffer = Buffer.alloc(0);
    /** Bytes of the body that are still to come; −1 while the head is not complete. */
    let missing = -1;
    let isOk = true;
    const send = (): void => {
      sentMs = performance.now();
      socket.write(takeNext());
    };
    socket.on('data', (chunk: Buffer) => {
      if (missing < 0) {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        const end = head.indexOf(headEnd);
        if (end < 0) return;
        const text = head.toString('latin1', 0, end);
        isOk = text.startsWith('HTTP/1.1 200');
        const length = /content-length: *(\d+)/i.exec(text)?.[1];
        if (length === undefined) return reject(new Error(`no content-length in: ${text}`));
        missing = Number(length) - (head.length - end - 4);
      } else missing -= chunk.length;
      if (missing > 0) return;
      missing = -1;
      head = Buffer.alloc(0);
      if (onAnswer(performance.now() - sentMs, isOk)) send();
      else resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection')));
    send();
  });
}

class Latencies {
  #values = new Float64Array(1 << 16);
  #count = 0;

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = ms;
  }

  sorted(): Float64Array {
    return this.#values.slice(0, this.#count).sort();
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
