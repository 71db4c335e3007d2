import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveTokens } from './serve-tokens.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-tokens-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const path = join(folder, 'tokens.json');
  await writeFile(path, text);
  return path;
}

describe('tokens of a server', () => {
  it('come from the file before the environment, and there are none without either', async () => {
    const grants = [{ name: 'a', token: 't'.repeat(16), views: ['v'], writes: 'all' }];
    const path = await fileWith(JSON.stringify(grants));
    expect(await serveTokens(path, { MILLRACE_SERVE_TOKEN: 'x' })).toEqual(grants);
    expect(await serveTokens(undefined, { MILLRACE_SERVE_TOKENS: path })).toEqual(grants);
    expect(await serveTokens(undefined, { MILLRACE_SERVE_TOKEN: 'x' })).toEqual([
      { name: 'environment', token: 'x', writes: 'all' },
    ]);
    expect(await serveTokens(undefined, {})).toBeNull();
  });

  it.each([
    ['{', 'is not a list of grants'],
    ['[]', 'is not a list of grants'],
    ['[1]', 'entry 0: is not an object'],
    ['[{"name":"a","token":"t","view":["v"]}]', 'entry 0: "view" is not one of'],
    ['[{"token":"t"}]', 'name is not a text'],
    ['[{"name":"a"}]', 'token is not a text'],
    ['[{"name":"a","token":"t","views":"v"}]', 'views is not a list'],
    ['[{"name":"a","token":"t","writes":[1]}]', 'writes is neither'],
  ])('are refused as %s', async (text, why) => {
    await expect(serveTokens(await fileWith(text), {})).rejects.toMatchObject({
      code: 'MR_SERVE_TOKENS',
      message: expect.stringContaining(why),
    });
  });

  it('are refused when the file is not there', async () => {
    const missing = join(folder, 'nowhere.json');
    await expect(serveTokens(missing, {})).rejects.toMatchObject({ code: 'MR_SERVE_TOKENS' });
  });
});
