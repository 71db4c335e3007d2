// Every check of the house as a test, so that `npm test` is red when the tree is out of order.
import { describe, expect, it } from 'vitest';
import { checks, runCheck } from '../../scripts/checks.ts';

describe('the house is in order', () => {
  it.each(checks)('$name: $covers', { timeout: 120_000 }, async (check) => {
    const { green, output } = await runCheck(check);
    expect(green, output).toBe(true);
  });
});
