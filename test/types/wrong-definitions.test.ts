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
    [
      'own-aggregate-of-string.ts',
      'this aggregate takes a float64, and this expression is a string',
      '',
    ],
    ['ewma-of-string.ts', 'this aggregate needs a number, and this expression is a string', ''],
    ['no-window.ts', 'feature \\"total\\" has no window: end it with .over(…)', ''],
    ['key-name.ts', "'user' does not exist in type", ''],
    ['feature-name.ts', "Property 'spend_1hr' does not exist", "Did you mean 'spend_1h'?"],
    ['window-option.ts', "'step' does not exist in type 'HoppingOptions'", ''],
    ['view-option.ts', "'freshnes' does not exist", "Did you mean to write 'freshness'?"],
    ['key-not-in-stream.ts', 'shop_id is a key of the entity and no field of the stream', 'keyBy'],
    ['key-of-other-type.ts', 'user_id is int64 in the entity and string in the stream', 'keyBy'],
    ['key-by-name.ts', "Property 'user_id' is missing in type '{ user: StringExpr<false>; }'", ''],
    ['derive-constant.ts', 'derived feature \\"one\\" is no expression: compute it from f.…', ''],
    ['feature-without-aggregate.ts', 'feature \\"amount\\" is no aggregate: use sum(…)', ''],
    ['max-of-list.ts', 'needs a type with an order, and this expression is a list', ''],
    ['filter-not-bool.ts', 'Type \'"float64"\' is not assignable to type \'"bool"\'', ''],
    ['string-method-on-number.ts', "Property 'startsWith' does not exist on type", ''],
    ['service-feature.ts', '\'"spend_1hr"\' is not assignable to parameter of type', 'spend_1h'],
    ['on-demand-stored-name.ts', "Property 'spend_1hr' does not exist", "Did you mean 'spend_1h'?"],
    ['on-demand-constant.ts', 'on-demand feature \\"one\\" is no expression: compute it from', ''],
    ['on-demand-request-type.ts', "Type 'string' is not assignable to type 'number'", ''],
    [
      'on-demand-string-operand.ts',
      "'StringExpr<false>' is not assignable to parameter of type",
      '',
    ],
    ['id-field.ts', 'Did you mean \'"name"\'?', ''],
    ['event-time-field.ts', 'Type \'"name"\' is not assignable to type \'"at"\'', ''],
  ])('in %s is an error that says: %s', (file, sentence, suggestion) => {
    const errors = output.split(/^(?=\S)/m).filter((error) => error.includes(`fixtures/${file}`));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(sentence);
    expect(errors[0]).toContain(suggestion);
  });
});
