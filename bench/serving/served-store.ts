// A feature server in a process of its own, over a store of the benchmark: prints its address and
// serves until its input ends. Also the floor: a bare node:http server with one answer, made once.
// Run by bench/serve.ts.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFeatureServer } from '../../src/serve/http/feature-server.ts';
import { openBenchStore } from './bench-store.ts';
import { widePlan } from '../../test/integration/redis/wide-view.ts';

async function serveStore(kind: string, place: string): Promise<() => Promise<void>> {
  const store = await openBenchStore(kind, place, 'read');
  const server = await startFeatureServer({ plan: widePlan(), store, port: 0 });
  console.log(server.url);
  return async () => {
    await server.close();
    await store.close();
  };
}

async function serveFloor(path: string): Promise<() => Promise<void>> {
  const body = readFileSync(path);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      response.writeHead(200, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
  };
}

const [, , kind = '', place = ''] = process.argv;
const stop = kind === 'floor' ? await serveFloor(place) : await serveStore(kind, place);
process.stdin.resume();
await new Promise((resolve) => process.stdin.on('end', resolve));
await stop();
