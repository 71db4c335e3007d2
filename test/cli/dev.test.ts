// `millrace dev`: a changed definition is served without a restart; a bad edit is shown and changes nothing.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { purchases } from '../../examples/shop/generate-data.ts';
import { resultOf, runCli, startCli, temporaryFolder, writeFiles } from './run-cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

it('reloads a changed project, and goes on when the change is wrong', async () => {
  expect((await runCli(folder.path, 'init', 'shop')).code).toBe(0);
  const shop = join(folder.path, 'shop');
  writeFiles(shop, { 'data/purchases.jsonl': purchases(500) });
  expect((await runCli(shop, 'run')).code).toBe(0);
  const child = startCli(shop, ['dev', '--port', '0', '--json']);
  const ended = resultOf(child);
  let log = '';
  child.stderr?.on('data', (text: string) => {
    log += text;
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const features = join(shop, 'features/shop.ts');
  const edit = (from: string, to: string): void =>
    writeFileSync(features, readFileSync(features, 'utf8').replaceAll(from, to));
  const waiting = { timeout: 15_000, interval: 50 };

  edit('max_24h', 'greatest_24h');
  await vi.waitFor(() => expect(log.match(/serving at/g)).toHaveLength(2), waiting);
  const names = async (): Promise<string[]> => {
    const url = /.*serving at (\S+)/s.exec(log)?.[1] ?? '';
    const response = await fetch(`${url}/v1/features/user_spend/u1`);
    return Object.keys(((await response.json()) as { features: object }).features);
  };
  expect(await names()).toContain('greatest_24h');

  edit('p.amount)', 'p.amout)');
  await vi.waitFor(() => expect(log).toContain('what ran before goes on'), waiting);
  expect(log).toContain('did you mean');
  expect(await names()).toContain('greatest_24h');

  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
  expect((await runCli(shop, 'get', 'user_spend', 'user_id=u1')).code).toBe(1);
  edit('p.amout)', 'p.amount)');
  expect((await runCli(shop, 'get', 'user_spend', 'user_id=u1')).stdout).toContain('greatest_24h');
}, 60_000);
