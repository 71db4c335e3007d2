// The example of docs/schemas.md, as a reader would run it: its files, its commands, its output.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CliHost, root, temporaryFolder } from './run-cli.ts';

const page = readFileSync(join(root, 'docs/schemas.md'), 'utf8');
const example = page.slice(page.indexOf('### Try it'), page.indexOf('## Against which'));

/** Files by name: the name stands in the text before the block. */
function files(): readonly (readonly [string, string])[] {
  const pattern = /`([a-z-]+\.avsc)`:\n```json\n([\s\S]*?)```/g;
  return [...example.matchAll(pattern)].map(([, name = '', text = '']) => [name, text]);
}

/** Commands, and what the page says they print. */
function commands(): readonly { readonly args: readonly string[]; readonly output: string }[] {
  const blocks = [...example.matchAll(/```\n(\$ [\s\S]*?)```/g)].map(([, text = '']) => text);
  return blocks
    .flatMap((block) => block.split(/^\$ /m).slice(1))
    .map((text) => {
      const [line = '', ...output] = text.trimEnd().split('\n');
      return { args: line.split(' ').slice(1), output: output.join('\n') };
    });
}

test('the example of the page does what the page says', async () => {
  const cli = new CliHost();
  const folder = temporaryFolder();
  try {
    for (const [name, text] of files()) writeFileSync(join(folder.path, name), text);
    expect(files().map(([name]) => name)).toEqual([
      'purchases.avsc',
      'with-note.avsc',
      'floats.avsc',
    ]);
    expect(commands()).toHaveLength(4);
    for (const { args, output } of commands()) {
      const { stdout } = await cli.run(folder.path, ...args);
      expect(stdout.trimEnd()).toBe(output);
    }
  } finally {
    cli.stop();
    folder.remove();
  }
});
