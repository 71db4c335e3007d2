import { describe, expect, it } from 'vitest';
import { nearestName, suggestName } from './nearest-name.ts';

describe('nearestName', () => {
  it('finds the name that was meant', () => {
    expect(nearestName('amuont', ['user_id', 'amount', 'ts'])).toBe('amount');
    expect(nearestName('Spend_1H', ['spend_1h', 'spend_5m'])).toBe('spend_1h');
  });

  it('does not guess wildly', () => {
    expect(nearestName('zzz', ['user_id', 'amount'])).toBeNull();
    expect(suggestName('zzz', ['user_id', 'amount'])).toBe('known names: user_id, amount');
    expect(suggestName('zzz', [])).toBe('there are none');
  });
});
