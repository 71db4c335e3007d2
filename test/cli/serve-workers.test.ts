// `millrace serve --workers N` as processes: one port, a worker that dies, metrics of all, a clean stop.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchases } from '../../examples/shop/generate-data.ts';
import { resultOf, root, runCli, temporaryFolder, writeFiles } from './run-cli.ts';

const folder = temporaryFolder();
const shop = join(folder.path, 'shop');
const script = join(folder.path, 'cli.mjs');
const token = 'token-of-the-test-1';
const body = JSON.stringify({
  features: ['user_spend:purchases_24h'],
  entities: { user_id: ['u1'] },
});

beforeAll(async () => {
  const main = pathToFileURL(join(root, 'src/cli/main.ts')).href;
  writeFiles(folder.path, {
    'cli.mjs': `process.exitCode = await (await import('${main}')).main(process.argv.slice(2))`,
  });
  expect((await runCli(folder.path, 'init', 'shop')).code).toBe(0);
  writeFiles(shop, { 'data/purchases.jsonl': purchases(200) });
  expect((await runCli(shop, 'run', '--until-end')).code).toBe(0);
});
afterAll(() => folder.remove());

function start(...args: readonly string[]): ChildProcess {
  const conditions = '--conditions=millrace-src';
  return spawn(process.execPath, [conditions, script, 'serve', '--port', '0', '--json', ...args], {
    cwd: shop,
    env: { ...process.env, MILLRACE_SERVE_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return (JSON.parse(line.toString()) as { url: string }).url;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Each request on a connection of its own, so that workers take turns. */
function ask(url: string, path: string, text?: string): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const sent = request(
    `${url}${path}`,
    {
      agent: new Agent({ keepAlive: false }),
      method: text === undefined ? 'GET' : 'POST',
      // A connection that was handed to a worker in the moment of its death is never answered.
      timeout: 2000,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    },
    (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: received }));
    },
  );
  sent.on('error', reject);
  sent.on('timeout', () => sent.destroy(new Error('no answer')));
  sent.end(text);
  return promise;
}

/** Processes that this one has started. */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

describe.skipIf(process.platform !== 'linux')('millrace serve --workers', () => {
  it('serves on one port, replaces a worker that is killed, and stops cleanly', async () => {
    const child = start('--workers', '2');
    const ended = resultOf(child);
    try {
      const url = await urlOf(child);
      for (let i = 0; i < 10; i++) {
        expect((await ask(url, '/get-online-features', body)).status).toBe(200);
      }
      const count = async (): Promise<number> => {
        const { text } = await ask(url, '/metrics');
        const line = /request_duration_seconds_count\{route="\/get-online[^}]*200"\} (\d+)/;
        return Number(line.exec(text)?.[1]);
      };
      expect(await count()).toBe(10);
      const workers = childrenOf(child.pid ?? 0);
      expect(workers).toHaveLength(2);
      process.kill(workers[0] ?? 0, 'SIGKILL');
      for (let i = 0; i < 20; i++) await ask(url, '/get-online-features', body).catch(() => null);
      await expect.poll(() => childrenOf(child.pid ?? 0).length, { timeout: 20_000 }).toBe(2);
      expect((await ask(url, '/get-online-features', body)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    const result = await ended;
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('a worker has ended (SIGKILL)');
  });

  it('ends with the reason when workers cannot start', async () => {
    const child = start('--workers', '2', '--tokens', 'nowhere.json');
    const result = await resultOf(child);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('the file of tokens cannot be read');
  });
});
