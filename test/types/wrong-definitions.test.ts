// What an editor says of a wrong definition: each fixture holds one mistake.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const here = dirname(fileURLToPath(import.meta.url));

function typeErrors(): string {
  const tsc = join(here, '../../node_modules/.bin/tsc');
  return spawnSync(tsc, ['-p', join(here, 'tsconfig.wrong.json')], { encoding: 'utf8' }).stdout;
}

describe('a wrong definition', () => {
  const output = typeErrors();

  it.each([
    ['field-name.ts', "Property 'amuont' does not exist", "Did you mean 'amount'?"],
    ['sum-of-string.ts', 'this aggregate needs a number, and this expression is a string', ''],
    ['no-window.ts', 'feature \\"total\\" has no window: end it with .over(…)', ''],
    ['key-name.ts', "'user' does not exist in type", ''],
    ['feature-name.ts', "Property 'spend_1hr' does not exist", "Did you mean 'spend_1h'?"],
    ['window-option.ts', "'step' does not exist in type 'HoppingOptions'", ''],
    ['event-time-field.ts', 'Type \'"name"\' is not assignable to type \'"at"\'', ''],
  ])('in %s is an error that says: %s', (file, sentence, suggestion) => {
    const errors = output.split(/^(?=\S)/m).filter((error) => error.includes(`fixtures/${file}`));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(sentence);
    expect(errors[0]).toContain(suggestion);
  });
});
